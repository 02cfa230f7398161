package learn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/kmeans"
	"github.com/atelier-studio/atelier/internal/engines/learn/linearlearner"
)

// TestLikeScikitLearn trains Linear Learner and K-Means on the data on which scikit-learn trained its own models: they must be
// about as good.
func TestLikeScikitLearn(t *testing.T) {
	dir := t.TempDir()
	python(t, "reference.py", dir)
	var measured map[string]map[string]float64
	read(t, filepath.Join(dir, "measured.json"), &measured)

	// worse says by how much a measure may be worse than scikit-learn's.
	linear := func(name, kind, measure string, worse float64, set ...string) {
		t.Run(name+" "+measure, func(t *testing.T) {
			want := measured[name][measure]
			h := map[string]string{"predictor_type": kind}
			for i := 0; i < len(set); i += 2 {
				h[set[i]] = set[i+1]
			}
			m := train(t, linearlearner.New(learn.Limits{}), h, filepath.Join(dir, name+".train.csv"), "text/csv")
			rows, labels := split(t, filepath.Join(dir, name+".test.csv"))
			got := grade(t, measure, answers(t, m, rows), labels)
			t.Logf("%v, scikit-learn %v", got, want)
			off := want - got
			if measure == "rmse" || measure == "pinball" {
				off = got/want - 1
			}
			if !(off <= worse) {
				t.Errorf("%v where scikit-learn has %v", got, want)
			}
		})
	}
	linear("cancer", "binary_classifier", "auc", 0.005)
	linear("cancer", "binary_classifier", "accuracy", 0.02)
	linear("made_binary", "binary_classifier", "auc", 0.002)
	linear("made_binary", "binary_classifier", "accuracy", 0.005)
	linear("made_binary", "binary_classifier", "auc", 0.005, "optimizer", "sgd", "num_models", "1")
	linear("made_binary", "binary_classifier", "accuracy", 0.01, "loss", "hinge_loss")
	linear("digits", "multiclass_classifier", "accuracy", 0.01, "num_classes", "10")
	linear("made_classes", "multiclass_classifier", "accuracy", 0.005, "num_classes", "5")
	linear("diabetes", "regressor", "rmse", 0.02)
	linear("made_regression", "regressor", "rmse", 0.005)
	linear("made_regression", "regressor", "rmse", 0.02, "optimizer", "rmsprop", "loss", "huber_loss")
	linear("made_quantile", "regressor", "pinball", 0.02, "loss", "quantile_loss", "quantile", "0.8")

	clusters := func(name string, worse float64, set ...string) {
		t.Run(name+" "+strings.Join(set, " "), func(t *testing.T) {
			of := measured[name]
			h := map[string]string{"k": fmt.Sprint(of["k"]), "feature_dim": fmt.Sprint(of["features"])}
			for i := 0; i < len(set); i += 2 {
				h[set[i]] = set[i+1]
			}
			file := filepath.Join(dir, name+".train.csv")
			m := train(t, kmeans.New(learn.Limits{}), h, file, "text/csv;label_size=0")
			rows, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := 0.0
			for _, a := range answers(t, m, string(rows)) {
				got += a.Distance * a.Distance
			}
			t.Logf("inertia %v, scikit-learn %v", got, of["inertia"])
			if !(got <= of["inertia"]*(1+worse)) {
				t.Errorf("inertia %v where scikit-learn has %v", got, of["inertia"])
			}
		})
	}
	for _, name := range []string{"blobs", "digits_clusters", "wine", "uniform"} {
		clusters(name, 0.02)
		clusters(name, 0.02, "init_method", "kmeans++", "epochs", "3")
	}
	clusters("blobs", 0.05, "local_lloyd_init_method", "random", "extra_center_factor", "1", "local_lloyd_num_trials", "20")
}

// train trains on one file and loads the model.
func train(t *testing.T, a learn.Algorithm, h map[string]string, file, contentType string) learn.Model {
	t.Helper()
	channel, dir := t.TempDir(), t.TempDir()
	if err := os.Link(file, filepath.Join(channel, "data")); err != nil {
		t.Fatal(err)
	}
	if err := a.Train(t.Context(), learn.Channels{"train": {Dir: channel, ContentType: contentType}}, h, nil, dir); err != nil {
		t.Fatal(err)
	}
	m, err := a.Load(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// split takes the labels off rows of CSV.
func split(t *testing.T, file string) (rows string, labels []float64) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		label, rest, _ := strings.Cut(line, ",")
		l, err := strconv.ParseFloat(label, 64)
		if err != nil {
			t.Fatal(err)
		}
		labels = append(labels, l)
		out.WriteString(rest)
	}
	return out.String(), labels
}

// answered is what a model says of a row.
type answered struct {
	Score    json.RawMessage `json:"score"`
	Label    float64         `json:"predicted_label"`
	Distance float64         `json:"distance_to_cluster"`
}

func (a answered) number(t *testing.T) float64 {
	t.Helper()
	f, err := strconv.ParseFloat(string(a.Score), 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func answers(t *testing.T, m learn.Model, rows string) []answered {
	t.Helper()
	var out bytes.Buffer
	if err := m.Predict(t.Context(), "text/csv", "application/json", strings.NewReader(rows), &out); err != nil {
		t.Fatal(err)
	}
	var got struct{ Predictions []answered }
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got.Predictions
}

// grade measures answers by their labels.
func grade(t *testing.T, measure string, got []answered, labels []float64) float64 {
	t.Helper()
	if len(got) != len(labels) {
		t.Fatalf("%d answers for %d rows", len(got), len(labels))
	}
	sum := 0.0
	switch measure {
	case "auc":
		return auc(t, got, labels)
	case "accuracy":
		for i, a := range got {
			if a.Label == labels[i] {
				sum++
			}
		}
	case "pinball":
		for i, a := range got {
			off := labels[i] - a.number(t)
			sum += max(0.8*off, -0.2*off)
		}
	default:
		for i, a := range got {
			sum += math.Pow(a.number(t)-labels[i], 2)
		}
		return math.Sqrt(sum / float64(len(got)))
	}
	return sum / float64(len(got))
}

// auc is the part of pairs of a positive and a negative that are in order.
func auc(t *testing.T, got []answered, labels []float64) float64 {
	order := make([]int, len(got))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(got[a].number(t), got[b].number(t)) })
	negatives, pairs := 0.0, 0.0
	for _, i := range order {
		if labels[i] == 0 {
			negatives++
		} else {
			pairs += negatives
		}
	}
	return pairs / (negatives * (float64(len(labels)) - negatives))
}
