// Package realtime_ab shares the traffic of an endpoint between two models.
package realtime_ab

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

// requests of each measurement: the share of one variant strays by one in a hundred then.
const requests = 2000

func TestGo(t *testing.T) {
	s := stage.New(t, harness.Options{})
	told := s.Events("SageMaker Endpoint State Change")
	s.Text("a", s.Learn("a"))
	s.Text("b", s.Learn("b"))
	begun := time.Now()
	s.Deploy("ab", nil, stage.Variant("A", "a", 1, 0.7), stage.Variant("B", "b", 1, 0.3))

	first := shares(s)
	if share := float64(first["A"]) / requests; math.Abs(share-0.7) > 0.05 {
		t.Errorf("variant A had %.3f of the requests, want 0.7", share)
	}
	for _, v := range []string{"A", "B"} { // who names one gets it
		out, err := s.Runtime.InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("ab"), TargetVariant: &v,
			ContentType: aws.String("application/json"), Body: []byte(stage.Tea)})
		if err != nil || *out.InvokedProductionVariant != v || label(t, out.Body) != "__label__good-"+strings.ToLower(v) {
			t.Errorf("variant %s: %v %v", v, out, err)
		}
		first[v]++
	}

	_, err := s.Models.UpdateEndpointWeightsAndCapacities(t.Context(), &sagemaker.UpdateEndpointWeightsAndCapacitiesInput{EndpointName: aws.String("ab"),
		DesiredWeightsAndCapacities: []types.DesiredWeightAndCapacity{{VariantName: aws.String("A"), DesiredWeight: aws.Float32(0.2)},
			{VariantName: aws.String("B"), DesiredWeight: aws.Float32(0.8), DesiredInstanceCount: aws.Int32(2)}}})
	s.Must("weights", err)
	is := s.InService("ab")
	var state []string
	for _, v := range is.ProductionVariants {
		state = append(state, fmt.Sprint(*v.VariantName, *v.CurrentWeight, *v.DesiredWeight, *v.CurrentInstanceCount, *v.DesiredInstanceCount))
	}
	if want := []string{"A 0.2 0.2 1 1", "B 0.8 0.8 2 2"}; !slices.Equal(spaced(state), spaced(want)) {
		t.Errorf("the endpoint has %v, want %v", state, want)
	}
	second := shares(s)
	if share := float64(second["A"]) / requests; math.Abs(share-0.2) > 0.05 {
		t.Errorf("variant A had %.3f of the requests, want 0.2", share)
	}

	for _, v := range []string{"A", "B"} {
		want := float64(first[v] + second[v])
		s.Soon("metrics of "+v, 30*time.Second, func() bool {
			return s.Measured("AWS/SageMaker", "Invocations", "ab", v, begun).Sum >= want
		})
		latency, overhead := s.Measured("AWS/SageMaker", "ModelLatency", "ab", v, begun), s.Measured("AWS/SageMaker", "OverheadLatency", "ab", v, begun)
		if got := s.Measured("AWS/SageMaker", "Invocations", "ab", v, begun).Sum; got != want || latency.Count != want || latency.Sum <= 0 || overhead.Count != want {
			t.Errorf("variant %s: %v invocations, %+v of latency, %+v of overhead for %v requests", v, got, latency, overhead, want)
		}
		if bad := s.Measured("AWS/SageMaker", "Invocation5XXErrors", "ab", v, begun); bad.Sum != 0 || bad.Count != want {
			t.Errorf("variant %s: %+v errors", v, bad)
		}
	}
	var changes []string
	for _, e := range told.Take("events", time.Minute, func(told []map[string]any) bool { return len(told) >= 4 }) {
		d := e["detail"].(map[string]any)
		if d["EndpointName"] != "ab" || d["EndpointConfigName"] != "ab" {
			t.Errorf("an event of %v", d)
		}
		changes = append(changes, fmt.Sprint(d["EndpointStatus"]))
	}
	slices.Sort(changes)
	if want := []string{"CREATING", "IN_SERVICE", "IN_SERVICE", "UPDATING"}; !slices.Equal(changes, want) {
		t.Errorf("told of %v, want %v", changes, want)
	}
	s.Audited(map[string]string{"CreateEndpointConfig": "ab", "CreateEndpoint": "ab", "UpdateEndpointWeightsAndCapacities": "ab"})
}

// spaced has words apart from numbers, however they were printed.
func spaced(list []string) (out []string) {
	for _, s := range list {
		out = append(out, strings.ReplaceAll(s, " ", ""))
	}
	return out
}

// shares tells how many of the requests each variant answered; each as its model does.
func shares(s *stage.Stage) map[string]int {
	s.Helper()
	var mu sync.Mutex
	got := map[string]int{}
	stage.Crowd(8, requests, func(int) {
		out, err := s.Ask(s.Context(), "ab", stage.Tea)
		if err != nil {
			s.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		got[*out.InvokedProductionVariant]++
		if want := "__label__good-" + strings.ToLower(*out.InvokedProductionVariant); label(s, out.Body) != want {
			s.Errorf("variant %s answered %s", *out.InvokedProductionVariant, out.Body)
		}
	})
	return got
}

func label(t testing.TB, answer []byte) string {
	var list []struct{ Label []string }
	if err := json.Unmarshal(answer, &list); err != nil || len(list) != 1 || len(list[0].Label) != 1 {
		t.Errorf("answer %s: %v", answer, err)
		return ""
	}
	return list[0].Label[0]
}
