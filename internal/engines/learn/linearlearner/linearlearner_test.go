package linearlearner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// table makes rows of CSV, whose label follows from three columns of different sizes.
func table(n int, seed uint64, label func(x, y, z float64) float64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for range n {
		x, y, z := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		fmt.Fprintf(&b, "%v,%v,%v,%v\n", label(x, y, z), 1000*x+5, y/100-3, z)
	}
	return b.String()
}

func plane(x, y, z float64) float64 { return 40*x - 7*y + 3 }

func half(x, y, z float64) float64 { return float64(b2i(2*x-y+z > 0.4)) }

func third(x, y, z float64) float64 {
	switch {
	case x > y && x > z:
		return 0
	case y > z:
		return 1
	}
	return 2
}

func channel(t *testing.T, kind, content string) learn.Channel {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return learn.Channel{Dir: dir, ContentType: kind}
}

func train(t *testing.T, kind string, channels learn.Channels, set ...string) (*Model, map[string]float64) {
	t.Helper()
	h := map[string]string{"predictor_type": kind}
	for i := 0; i < len(set); i += 2 {
		h[set[i]] = set[i+1]
	}
	a, dir := New(learn.Limits{Threads: 2}), t.TempDir()
	metrics := map[string]float64{}
	log := func(l string) {
		var v float64
		head, value, ok := strings.Cut(l, "=")
		if i := strings.LastIndex(l, ">="); i > 0 {
			head, value, ok = l[:i], l[i+2:], true
		}
		fields := strings.Fields(head)
		if _, err := fmt.Sscan(value, &v); ok && err == nil && len(fields) > 2 {
			metrics[strings.Join(fields[len(fields)-3:len(fields)-1], ":")] = v
		}
	}
	if err := a.Train(t.Context(), channels, h, log, dir); err != nil {
		t.Fatalf("%v: %v", set, err)
	}
	m, err := a.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model), metrics
}

func TestLearns(t *testing.T) {
	channels := func(label func(x, y, z float64) float64) learn.Channels {
		return learn.Channels{"train": channel(t, "text/csv", table(4000, 1, label)), "validation": channel(t, "text/csv", table(1000, 2, label)),
			"test": channel(t, "text/csv", table(1000, 3, label))}
	}
	f := func(kind string, label func(x, y, z float64) float64, metric string, least float64, set ...string) {
		t.Helper()
		_, metrics := train(t, kind, channels(label), set...)
		for _, of := range []string{"validation:", "test:"} {
			got, ok := metrics[of+metric]
			if strings.HasSuffix(metric, "mse") {
				got = -got
			}
			if !ok || got < least {
				t.Errorf("%s %v: %s%s is %v", kind, set, of, metric, got)
			}
		}
	}
	f(binary, half, "binary_classification_accuracy", 0.98)
	f(binary, half, "roc_auc_score", 0.995)
	f(binary, half, "binary_f_beta", 0.98, "binary_classifier_model_selection_criteria", "f_beta", "f_beta", "2")
	f(binary, half, "binary_classification_accuracy", 0.98, "loss", "hinge_loss", "optimizer", "sgd")
	f(binary, half, "recall", 0.97, "positive_example_weight_mult", "balanced", "num_models", "2", "binary_classifier_model_selection_criteria", "loss_function")
	f(binary, half, "binary_classification_accuracy", 0.97, "_tuning_objective_metric", "validation:objective_loss")
	f(multiclass, third, "multiclass_accuracy", 0.96, "num_classes", "3")
	f(multiclass, third, "macro_f_beta", 0.95, "num_classes", "3", "loss", "hinge_loss", "balance_multiclass_weights", "true")
	f(multiclass, third, "multiclass_top_k_accuracy", 1, "num_classes", "3")
	f(regressor, plane, "rmse", -0.5)
	f(regressor, plane, "rmse", -0.5, "optimizer", "rmsprop")
	f(regressor, plane, "rmse", -2, "normalize_label", "false", "unbias_label", "false")
	for _, l := range losses[regressor][1:] {
		f(regressor, plane, "rmse", -1, "loss", l)
	}
	f(regressor, plane, "rmse", -1, "lr_scheduler_step", "10", "lr_scheduler_factor", "0.95", "lr_scheduler_minimum_lr", "0.001")
	f(regressor, plane, "rmse", -1, "use_lr_scheduler", "false", "learning_rate", "0.01", "epochs", "30")
}

// TestTargets checks that a criterion holds its target and gets more of the other measure than a threshold of one half would.
func TestTargets(t *testing.T) {
	noisy := func(x, y, z float64) float64 { return float64(b2i(2*x-y+3*z > 1.5 && y < 1)) }
	channels := learn.Channels{"train": channel(t, "text/csv", table(4000, 1, noisy))}
	for criterion, held := range map[string]string{"precision_at_target_recall": "recall", "recall_at_target_precision": "precision"} {
		_, metrics := train(t, binary, channels, "binary_classifier_model_selection_criteria", criterion, "target_recall", "0.95", "target_precision", "0.95")
		if got := metrics["train:"+held]; got < 0.95 || got > 0.97 {
			t.Errorf("%s: %s is %v", criterion, held, got)
		}
	}
}

// TestWeightsFitRowsAsTheyCome finds the plane's own weights though data and labels were normalised.
func TestWeightsFitRowsAsTheyCome(t *testing.T) {
	m, _ := train(t, regressor, learn.Channels{"train": channel(t, "text/csv", table(4000, 1, plane))}, "l1", "0", "wd", "0")
	for i, want := range []float64{0.04, -700, 0} {
		if got := float64(m.weights[i]); math.Abs(got-want) > 0.002*math.Abs(want)+0.02 {
			t.Errorf("weight %d is %v, want %v", i, got, want)
		}
	}
	one, _ := train(t, regressor, learn.Channels{"train": channel(t, "text/csv", table(4000, 1, plane))}, "l1", "0", "wd", "0")
	if fmt.Sprint(one.weights, one.bias) != fmt.Sprint(m.weights, m.bias) {
		t.Error("the same data gives another model")
	}
}

// TestSparse trains on rows that are mostly zeros, of many columns.
func TestSparse(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var b strings.Builder
	for range 3000 {
		label, columns := r.IntN(2), ""
		for range 8 {
			columns += fmt.Sprintf(" %d:1", 2*r.IntN(2000)+(label+b2i(r.IntN(5) == 0))%2+1)
		}
		fmt.Fprintf(&b, "%d%s\n", label, columns)
	}
	rows, err := dataset.Read("text/libsvm", []byte(b.String()), dataset.Options{Label: true})
	if err != nil {
		t.Fatal(err)
	}
	m, metrics := train(t, binary, learn.Channels{"train": channel(t, "application/x-recordio-protobuf", string(dataset.Encode(rows)))}, "feature_dim", "5000")
	if m.FeatureDim != 5000 || metrics["train:binary_classification_accuracy"] < 0.95 {
		t.Errorf("%d features, %v", m.FeatureDim, metrics)
	}
	var out bytes.Buffer
	if err := m.Predict(t.Context(), "application/json", "text/csv", strings.NewReader(`{"instances":[{"data":{"features":{"keys":[0,2,4,6,8],"shape":[5000],"values":[1,1,1,1,1]}}}]}`), &out); err != nil || !strings.HasSuffix(out.String(), ",0\n") {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestAnswers(t *testing.T) {
	limits := learn.Limits{}.WithDefaults()
	two := &Model{header: header{PredictorType: binary, FeatureDim: 2, Outputs: 1, Loss: "logistic", Threshold: 0.6}, weights: []float32{1, 0}, bias: []float32{0}, limits: limits}
	three := &Model{header: header{PredictorType: multiclass, FeatureDim: 1, Outputs: 3, Loss: "hinge_loss"}, weights: []float32{1, 2, 0}, bias: []float32{0, 0, 0.5}, limits: limits}
	line := &Model{header: header{PredictorType: regressor, FeatureDim: 1, Outputs: 1, Loss: "squared_loss"}, weights: []float32{2}, bias: []float32{1}, limits: limits}
	f := func(m *Model, kind, accept, body, want string) {
		t.Helper()
		var out bytes.Buffer
		if err := m.Predict(t.Context(), kind, accept, strings.NewReader(body), &out); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v, want %q", body, out.String(), err, want)
		}
	}
	f(two, "text/csv", "", "0,1\n90,1", `{"predictions": [{"score": 0.5, "predicted_label": 0}, {"score": 1.0, "predicted_label": 1}]}`)
	f(two, "text/csv", "application/jsonlines", "0,1", "{\"score\": 0.5, \"predicted_label\": 0}\n")
	f(three, "application/jsonlines", "", `{"features":[1]}`, `{"predictions": [{"score": [1.0, 2.0, 0.5], "predicted_label": 1}]}`)
	f(three, "text/csv", "text/csv", "1\n-1", "1.0,2.0,0.5,1\n-1.0,-2.0,0.5,2\n")
	f(line, "text/csv", "", "3", `{"predictions": [{"score": 7.0}]}`)
	f(line, "text/csv", "text/csv", strings.Repeat("3\n4\n", piece), strings.Repeat("7.0\n9.0\n", piece))
	refused := func(kind, accept, body string, status int) {
		t.Helper()
		var out bytes.Buffer
		err := two.Predict(t.Context(), kind, accept, strings.NewReader(body), &out)
		if e := new(*learn.RequestError); !errors.As(err, e) || (*e).Status != status || out.Len() > 0 {
			t.Errorf("%s %q: %v with %q", kind, body, err, out.String())
		}
	}
	refused("text/plain", "", "1", 415)
	refused("text/csv", "image/png", "1,2", 406)
	refused("text/csv", "", "1,2,3", 400)
	refused("text/csv", "", "", 400)
	refused("application/json", "", "{", 400)
}

func TestTrainRefuses(t *testing.T) {
	f := func(content, want string, set ...string) {
		t.Helper()
		h := map[string]string{"predictor_type": binary}
		for i := 0; i < len(set); i += 2 {
			h[set[i]] = set[i+1]
		}
		err := New(learn.Limits{}).Train(t.Context(), learn.Channels{"train": channel(t, "text/csv", content)}, h, nil, t.TempDir())
		if e := new(*learn.ClientError); !errors.As(err, e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v %q: %v, want %s", set, content, err, want)
		}
	}
	rows := "0,1,2\n1,3,4\n"
	f("2,1,2\n", "The label of row 1 of channel 'train' is 2: labels must be integers from 0 to 1")
	f("0.5,1,2\n", "labels must be integers")
	f(rows, "num_classes", "predictor_type", multiclass)
	f(rows, "have 2 features where 3 are expected", "feature_dim", "3")
	f("1\n0\n", "no features")
	f("", "there is no row")
	f("a,b\n", "Unable to read data channel 'train'")
	f(rows, "The loss 'squared_loss' is not available when predictor_type is 'binary_classifier'", "loss", "squared_loss")
	f(rows, "'epochs'", "epochs", "0")
	f(rows, "MB of memory", "predictor_type", multiclass, "num_classes", "1000000", "num_models", "1024")
	f("1,3,4\n9,5,5", "diverged", "predictor_type", regressor, "learning_rate", "1e30", "optimizer", "sgd", "normalize_label", "false", "epochs", "40")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := New(learn.Limits{}).Train(ctx, learn.Channels{"train": channel(t, "text/csv", rows)}, map[string]string{"predictor_type": binary}, nil, t.TempDir())
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// FuzzLoad reads models: they are refused or answer.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"algorithm":"linear-learner","version":1,"predictor_type":"regressor","feature_dim":1,"outputs":1,"loss":"","threshold":0}`), []byte("\x00\x00\x80\x3f\x00\x00\x00\x00"))
	f.Add([]byte(`{"algorithm":"linear-learner","version":1,"predictor_type":"multiclass_classifier","feature_dim":1,"outputs":1,"loss":"softmax_loss","threshold":0}`), []byte("\x00\x00\x80\x3f\x00\x00\x00\x00"))
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
		row := strings.TrimSuffix(strings.Repeat("1,", m.(*Model).FeatureDim), ",")
		if err := m.Predict(t.Context(), "text/csv", "", strings.NewReader(row), &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	})
}
