// Package update_without_drop has an endpoint asked all the time while it is updated.
package update_without_drop

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

const requests = 10_000

func TestGo(t *testing.T) {
	s := stage.New(t, harness.Options{})
	told := s.Events("SageMaker Endpoint State Change")
	for _, name := range []string{"one", "two"} {
		s.Text(name, s.Learn(name))
		s.Configure(name, nil, stage.Variant("V", name, 2, 1))
	}
	endpoint := aws.String("e")
	_, err := s.Models.CreateEndpoint(t.Context(), &sagemaker.CreateEndpointInput{EndpointName: endpoint, EndpointConfigName: aws.String("one")})
	s.Must("endpoint", err)
	s.InService("e")

	var done, failed atomic.Int64
	var mu sync.Mutex
	answers := map[string]int{}
	over := make(chan struct{})
	go func() {
		defer close(over)
		stage.Crowd(16, requests, func(int) {
			defer done.Add(1)
			out, err := s.Ask(t.Context(), "e", stage.Tea)
			if err != nil {
				if failed.Add(1) < 10 {
					t.Errorf("a request failed: %v", err)
				}
				return
			}
			_, which, _ := strings.Cut(string(out.Body), "__label__good-")
			mu.Lock()
			answers[which[:min(3, len(which))]]++
			mu.Unlock()
		})
	}()
	updates := 0
	for now := true; now; {
		next := []string{"two", "one"}[updates%2]
		in := &sagemaker.UpdateEndpointInput{EndpointName: endpoint, EndpointConfigName: &next}
		if updates%3 == 1 { // half of the requests first
			in.DeploymentConfig = &types.DeploymentConfig{BlueGreenUpdatePolicy: &types.BlueGreenUpdatePolicy{TrafficRoutingConfiguration: &types.TrafficRoutingConfig{
				Type: types.TrafficRoutingConfigTypeCanary, WaitIntervalInSeconds: aws.Int32(1), CanarySize: &types.CapacitySize{
					Type: types.CapacitySizeTypeCapacityPercent, Value: aws.Int32(50)}}}}
		}
		_, err := s.Models.UpdateEndpoint(t.Context(), in)
		s.Must("update", err)
		if is := s.InService("e"); *is.EndpointConfigName != next {
			t.Errorf("the endpoint has the configuration %s, want %s", *is.EndpointConfigName, next)
		}
		updates++
		select {
		case <-over:
			now = false
		default:
		}
	}
	t.Logf("%d requests and %d updates: %v", done.Load(), updates, answers)
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), requests)
	}
	if answers["one"] == 0 || answers["two"] == 0 || answers["one"]+answers["two"] != requests {
		t.Errorf("the answers are %v", answers)
	}
	want := 2 * (updates + 1)
	counts := map[string]int{}
	for _, e := range told.Take("events", time.Minute, func(told []map[string]any) bool { return len(told) >= want }) {
		counts[fmt.Sprint(e["detail"].(map[string]any)["EndpointStatus"])]++
	}
	if counts["UPDATING"] != updates || counts["IN_SERVICE"] != updates+1 || counts["CREATING"] != 1 {
		t.Errorf("told of %v", counts)
	}
	s.Audited(map[string]string{"UpdateEndpoint": "e"})
}
