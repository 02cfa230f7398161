// Package serverless_cold has an endpoint without instances start them for requests, refuse requests beyond its concurrency, and end them again.
package serverless_cold

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

const (
	// most requests at a time.
	most = 2
	// idle is how long an instance waits for a request.
	idle = 2 * time.Second
	// cold is what a cold start may take.
	cold = 5 * time.Second
)

func TestGo(t *testing.T) {
	s := stage.New(t, harness.Options{Args: []string{"--serverless-idle", idle.String()}})
	s.Text("text", s.Learn("text"))
	name, model := "V", "text"
	begun := time.Now()
	s.Deploy("cold", nil, types.ProductionVariant{VariantName: &name, ModelName: &model,
		ServerlessConfig: &types.ProductionVariantServerlessConfig{MemorySizeInMB: aws.Int32(1024), MaxConcurrency: aws.Int32(most)}})
	if n := instances(s); n != 0 {
		t.Errorf("%d instances before the first request", n)
	}
	setups := func() float64 { return s.Measured("AWS/SageMaker", "ModelSetupTime", "cold", name, begun).Count }

	first := ask(s)
	warm := ask(s)
	t.Logf("cold start %v, then %v", first.Round(time.Millisecond), warm.Round(time.Millisecond))
	if first > cold || warm > first {
		t.Errorf("the first request took %v, the second %v", first, warm)
	}
	if n := instances(s); n != 1 {
		t.Errorf("%d instances after the first request", n)
	}
	s.Soon("the metric of the start", 30*time.Second, func() bool { return setups() == 1 })

	throttled(s)
	s.Soon("no instances", idle+20*time.Second, func() bool { return instances(s) == 0 })
	before := setups()
	if again := ask(s); again > cold {
		t.Errorf("a request after a while took %v", again)
	}
	s.Soon("the metric of another start", 30*time.Second, func() bool { return setups() == before+1 })

	if v := s.InService("cold").ProductionVariants[0]; *v.CurrentServerlessConfig.MaxConcurrency != most || *v.CurrentInstanceCount != 0 {
		t.Errorf("the variant is %+v", v)
	}
	s.Audited(map[string]string{"CreateEndpoint": "cold"})
}

// ask tells how long an answer took.
func ask(s *stage.Stage) time.Duration {
	s.Helper()
	begun := time.Now()
	out, err := s.Ask(s.Context(), "cold", stage.Tea)
	s.Must("ask", err)
	if !strings.Contains(string(out.Body), "__label__good-text") {
		s.Errorf("answer %s", out.Body)
	}
	return time.Since(begun)
}

// instances counts the files of what runs.
func instances(s *stage.Stage) int {
	list, err := filepath.Glob(filepath.Join(s.Server.DataDir, "sagemaker", "instances", "*"))
	s.Must("instances", err)
	n := 0
	for _, at := range list {
		if i, err := os.Stat(at); err == nil && i.IsDir() {
			n++
		}
	}
	return n
}

// throttled has more requests come than may be under way. Those that were let in are answered, the others told to come again.
func throttled(s *stage.Stage) {
	s.Helper()
	long := `{"instances":["` + strings.Repeat("a great tea \",\"", 100_000) + `"]}`
	var answered, refused atomic.Int64
	stage.Crowd(4*most, 4*most, func(int) {
		_, err := s.Ask(s.Context(), "cold", long)
		var e smithy.APIError
		switch {
		case err == nil:
			answered.Add(1)
		case errors.As(err, &e) && e.ErrorCode() == "ThrottlingException" && stage.Status(err) == 429:
			refused.Add(1)
		default:
			s.Errorf("a request of many: %v", err)
		}
	})
	if answered.Load() < most || refused.Load() == 0 {
		s.Errorf("%d requests were answered and %d refused, where %d may be under way", answered.Load(), refused.Load(), most)
	}
	if n := instances(s); n > most {
		s.Errorf("%d instances for %d requests at a time", n, most)
	}
}
