// Package multi_model_eviction asks more models of one endpoint than its memory holds.
package multi_model_eviction

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

const (
	models = 5
	room   = 3 // models that the memory holds
)

func TestGo(t *testing.T) {
	s := stage.New(t, harness.Options{})
	var size int64
	for i := range models {
		b, _ := s.Get(s.Learn(fmt.Sprint(i)))
		s.Put(name(i), b)
		size = max(size, memory(t, b))
	}
	s.Model("many", types.ContainerDefinition{Image: aws.String(stage.BlazingText), Mode: types.ContainerModeMultiModel, ModelDataUrl: aws.String(stage.URI("many/")),
		Environment: map[string]string{"ATELIER_MODELS_MEMORY": fmt.Sprint(size*room + size/2)}})
	begun := time.Now()
	s.Deploy("many", nil, stage.Variant("V", "many", 1, 1))
	v := &visits{s: s}

	v.ask(0, 1, 2) // each is loaded
	v.ask(2, 1, 0) // and there
	v.ask(3)       // in place of 2, which nobody has used for longest
	v.ask(1, 0, 3) // there
	v.ask(2)       // loaded again, in place of 1
	v.ask(4, 1)    // in place of 0 and 3
	v.ask(4, 2, 1) // there
	const asked, loads, outs = 16, 7, 4

	cloud := func(metric string) stage.Measured { return s.Measured("AWS/SageMaker", metric, "many", "V", begun) }
	s.Soon("metrics", 30*time.Second, func() bool { return cloud("ModelCacheHit").Count == asked })
	for metric, want := range map[string]float64{"ModelDownloadingTime": loads, "ModelLoadingTime": loads, "ModelLoadingWaitTime": loads, "ModelUnloadingTime": outs,
		"Invocations": asked} {
		if got := cloud(metric); got.Count != want {
			t.Errorf("%s has %v samples, want %v", metric, got.Count, want)
		}
	}
	if hits := cloud("ModelCacheHit").Sum; hits != asked-loads {
		t.Errorf("%v hits, want %d", hits, asked-loads)
	}
	if loaded := s.Measured("/aws/sagemaker/Endpoints", "LoadedModelCount", "many", "V", begun); loaded.Max != room {
		t.Errorf("at most %v models were loaded, want %d", loaded.Max, room)
	}

	// All from all sides: what is in use is not put out, and each answer is its model's.
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 10 {
				v.ask((w + i) % 4)
			}
		})
	}
	all.Wait()
	missing := "none.tar.gz"
	_, err := v.invoke(missing)
	if e := smithy.APIError(nil); !errors.As(err, &e) || e.ErrorCode() != "ValidationError" || stage.Status(err) != 400 {
		t.Errorf("a model that is not there: %v", err)
	}
	s.Audited(map[string]string{"CreateModel": "many", "CreateEndpoint": "many"})
}

func name(i int) string { return fmt.Sprintf("many/m%d.tar.gz", i) }

// memory is what a model takes when it is loaded, in bytes.
func memory(t *testing.T, archive []byte) int64 {
	t.Helper()
	dir := t.TempDir()
	if err := container.Unpack(t.Context(), bytes.NewReader(archive), dir); err != nil {
		t.Fatal(err)
	}
	m, err := blazingtext.New(learn.Limits{}).Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.Size()
}

type visits struct{ s *stage.Stage }

func (v *visits) invoke(model string) (*sagemakerruntime.InvokeEndpointOutput, error) {
	return v.s.Runtime.InvokeEndpoint(v.s.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("many"), TargetModel: &model,
		ContentType: aws.String("application/json"), Body: []byte(stage.Tea)})
}

// ask asks models one after the other, and wants each to answer for itself.
func (v *visits) ask(list ...int) {
	v.s.Helper()
	for _, i := range list {
		out, err := v.invoke(strings.TrimPrefix(name(i), "many/"))
		if err != nil {
			v.s.Errorf("model %d: %v", i, err)
		} else if want := fmt.Sprintf("__label__good-%d\"", i); !strings.Contains(string(out.Body), want) {
			v.s.Errorf("model %d answered %s", i, out.Body)
		}
	}
}
