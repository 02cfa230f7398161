package kmeans

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// heaps are points around (0,0), (100,0) and (0,100), far from the origin when they are moved.
func heaps(n int, move float64) string {
	r := rand.New(rand.NewPCG(1, 1))
	var b strings.Builder
	for i := range n {
		x, y := float64(i%3%2)*100, float64(i%3/2)*100
		fmt.Fprintf(&b, "%v,%v\n", move+x+r.NormFloat64(), move+y+r.NormFloat64())
	}
	return b.String()
}

func channel(t *testing.T, kind, content string) learn.Channel {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return learn.Channel{Dir: dir, ContentType: kind}
}

func train(t *testing.T, channels learn.Channels, set ...string) (*Model, string) {
	t.Helper()
	h := map[string]string{"k": "3", "feature_dim": "2"}
	for i := 0; i < len(set); i += 2 {
		h[set[i]] = set[i+1]
	}
	a, dir := New(learn.Limits{Threads: 2}), t.TempDir()
	var log []string
	if err := a.Train(t.Context(), channels, h, func(l string) { log = append(log, l) }, dir); err != nil {
		t.Fatal(err)
	}
	m, err := a.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model), strings.Join(log, "\n")
}

func TestFindsHeaps(t *testing.T) {
	for _, set := range [][]string{{}, {"init_method", "kmeans++", "mini_batch_size", "100", "epochs", "2", "half_life_time_size", "500"},
		{"extra_center_factor", "1", "local_lloyd_init_method", "random"}, {"eval_metrics", `["msd","ssd"]`}} {
		for _, move := range []float64{0, 1e5} {
			channels := learn.Channels{"train": channel(t, "text/csv;label_size=0", heaps(3000, move)), "test": channel(t, "text/csv", heaps(300, move))}
			m, log := train(t, channels, set...)
			seen := map[float64]bool{}
			for _, at := range []string{"0,0", "100,0", "0,100"} {
				var x, y float64
				if _, err := fmt.Sscanf(at, "%f,%f", &x, &y); err != nil {
					t.Fatal(err)
				}
				a := ask(t, m, fmt.Sprintf("%v,%v", x+move, y+move))[0]
				if seen[a["closest_cluster"]] = true; a["distance_to_cluster"] > 0.3 {
					t.Errorf("%v from %v: a centre is %v away from %s", set, move, a["distance_to_cluster"], at)
				}
			}
			if len(seen) != 3 || !strings.Contains(log, "#quality_metric: host=algo-1, test msd <loss>=") || len(set) == 2 && set[0] == "eval_metrics" && !strings.Contains(log, "test ssd <loss>=") {
				t.Errorf("%v: %d of three heaps, log:\n%s", set, len(seen), log)
			}
		}
	}
}

func TestSameDataSameModel(t *testing.T) {
	channels := learn.Channels{"train": channel(t, "text/csv;label_size=0", heaps(6000, 0))}
	one, _ := train(t, channels)
	two, _ := train(t, channels)
	if fmt.Sprint(one.centers.values) != fmt.Sprint(two.centers.values) {
		t.Errorf("%v and %v", one.centers.values, two.centers.values)
	}
}

func TestAnswers(t *testing.T) {
	m := &Model{centers: newCenters([]float32{0, 0, 10, 0}, 2), limits: learn.Limits{}.WithDefaults()}
	f := func(kind, accept, body, want string) {
		t.Helper()
		var out bytes.Buffer
		if err := m.Predict(t.Context(), kind, accept, strings.NewReader(body), &out); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v, want %q", body, out.String(), err, want)
		}
	}
	f("text/csv", "", "3,4\n10,1", `{"predictions": [{"closest_cluster": 0.0, "distance_to_cluster": 5.0}, {"closest_cluster": 1.0, "distance_to_cluster": 1.0}]}`)
	f("text/csv", "application/jsonlines", "3,4", "{\"closest_cluster\": 0.0, \"distance_to_cluster\": 5.0}\n")
	f("application/json", "text/csv", `{"instances":[{"features":[3,4]},{"data":{"features":{"keys":[0],"shape":[2],"values":[10]}}}]}`, "0.0,5.0\n1.0,0.0\n")
	rows, err := dataset.Read("text/csv", []byte("3,4"), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f(dataset.RecordIO, "text/csv", string(dataset.Encode(rows)), "0.0,5.0\n")
	for body, status := range map[string]int{"1,2,3": 400, "x,y": 400, "": 400, "1": 400} {
		var out bytes.Buffer
		err := m.Predict(t.Context(), "text/csv", "", strings.NewReader(body), &out)
		if e := new(*learn.RequestError); !errors.As(err, e) || (*e).Status != status || out.Len() > 0 {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestTrainRefuses(t *testing.T) {
	f := func(kind, content, want string, set ...string) {
		t.Helper()
		h := map[string]string{"k": "2", "feature_dim": "2"}
		for i := 0; i < len(set); i += 2 {
			h[set[i]] = set[i+1]
		}
		err := New(learn.Limits{}).Train(t.Context(), learn.Channels{"train": channel(t, kind, content)}, h, nil, t.TempDir())
		if e := new(*learn.ClientError); !errors.As(err, e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
	f("text/csv;label_size=0", "1,2\n", "1 rows, fewer than the 2")
	f("text/csv;label_size=0", "1,2,3\n4,5,6\n", "have 3 features, and feature_dim is 2")
	f("text/csv;label_size=0", "a,b\n", "Unable to read data channel 'train'. Requested content-type is 'text/csv;label_size=0'")
	f("text/csv", "1,2\n2,3\n", "eval_metrics", "eval_metrics", `["x"]`)
	f("text/csv", "", "there is no row")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := New(learn.Limits{}).Train(ctx, learn.Channels{"train": channel(t, "text/csv;label_size=0", heaps(30, 0))}, map[string]string{"k": "2", "feature_dim": "2"}, nil, t.TempDir())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// TestSamePoints has fewer different points than clusters.
func TestSamePoints(t *testing.T) {
	m, _ := train(t, learn.Channels{"train": channel(t, "text/csv;label_size=0", strings.Repeat("1,1\n2,2\n", 50))}, "k", "5")
	if a := ask(t, m, "2,2")[0]; a["distance_to_cluster"] != 0 {
		t.Error(a)
	}
}

func ask(t *testing.T, m *Model, body string) []map[string]float64 {
	t.Helper()
	var out bytes.Buffer
	if err := m.Predict(t.Context(), "text/csv", "", strings.NewReader(body), &out); err != nil {
		t.Fatal(err)
	}
	var got struct{ Predictions []map[string]float64 }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got.Predictions
}

// FuzzLoad reads models: they are refused or answer.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"algorithm":"kmeans","version":1,"k":2,"feature_dim":1}`), []byte("\x00\x00\x80\x3f\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, head, numbers []byte) {
		dir := t.TempDir()
		for name, b := range map[string][]byte{"model.json": head, "model.f32": numbers} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		m, err := New(learn.Limits{}).Load(dir, nil)
		if err != nil {
			return
		}
		row := strings.TrimSuffix(strings.Repeat("1,", m.(*Model).centers.dim), ",")
		if got := m.Predict(t.Context(), "text/csv", "", strings.NewReader(row), &bytes.Buffer{}); got != nil {
			t.Fatal(got)
		}
	})
}
