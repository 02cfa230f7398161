package learn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario"
)

// told is what a model makes of the test's lines.
type told struct {
	Accuracy      float64
	Labels        []string
	Probabilities []float64
	tie           []bool // the second label is as likely
}

// TestLikeFastText trains on the first half of the reviews and predicts the other half. BlazingText's accuracy must be within 0.01 of
// fastText's with the same settings; fastText must read BlazingText's models, and the other way round, with the same answers.
func TestLikeFastText(t *testing.T) {
	reviews := harness.Must(scenario.LoadReviews())(t)
	half := len(reviews) / 2
	dir := t.TempDir()
	put(t, dir, "train.txt", scenario.FastText(reviews[:half]))
	put(t, dir, "test.txt", scenario.FastText(reviews[half:]))

	settings := map[string]map[string]any{ // fastText's words
		"defaults": {"ours": true, "epoch": 5, "lr": 0.05, "dim": 100, "wordNgrams": 2, "minCount": 5, "bucket": 200_000},
		"words":    {"ours": true, "epoch": 20, "lr": 0.1, "dim": 50, "wordNgrams": 1, "minCount": 2, "bucket": 1000},
		"pairs":    {"ours": true, "epoch": 25, "lr": 0.5, "dim": 32, "wordNgrams": 2, "minCount": 1, "bucket": 100_000},
		"triples":  {"ours": true, "epoch": 25, "lr": 0.3, "dim": 20, "wordNgrams": 3, "minCount": 1, "bucket": 200_000},
		"subwords": {"ours": false, "epoch": 5, "lr": 0.3, "dim": 20, "minn": 2, "maxn": 4, "wordNgrams": 2, "bucket": 50_000},
		"tree":     {"ours": false, "epoch": 5, "lr": 0.3, "dim": 20, "loss": "hs"},
		"negative": {"ours": false, "epoch": 5, "lr": 0.3, "dim": 20, "loss": "ns"},
		"each":     {"ours": false, "epoch": 5, "lr": 0.3, "dim": 20, "loss": "ova"},
	}
	a := blazingtext.New(learn.Limits{})
	for name, s := range settings {
		if s["thread"] = 2; !s["ours"].(bool) {
			continue
		}
		put(t, filepath.Join(dir, name+".train"), "train.txt", scenario.FastText(reviews[:half]))
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		h := map[string]string{"mode": "supervised", "epochs": fmt.Sprint(s["epoch"]), "learning_rate": fmt.Sprint(s["lr"]), "vector_dim": fmt.Sprint(s["dim"]),
			"word_ngrams": fmt.Sprint(s["wordNgrams"]), "min_count": fmt.Sprint(s["minCount"]), "buckets": fmt.Sprint(s["bucket"])}
		if err := a.Train(t.Context(), learn.Channels{"train": {Dir: filepath.Join(dir, name+".train")}}, h, nil, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "settings.json", string(b))
	python(t, "fasttext_models.py", dir)
	var all map[string]struct{ Theirs, Ours told }
	read(t, filepath.Join(dir, "told.json"), &all)

	for name, s := range settings {
		theirs := all[name].Theirs
		answersOf(t, dir, filepath.Join(dir, name+".fasttext.bin"), reviews[half:]).same(t, name+", fastText's model", theirs)
		if !s["ours"].(bool) {
			continue
		}
		ours := answersOf(t, dir, filepath.Join(dir, name, "model.bin"), reviews[half:])
		ours.same(t, name+", our model", all[name].Ours)
		t.Logf("%s: accuracy %.4f, fastText %.4f", name, ours.Accuracy, theirs.Accuracy)
		if math.Abs(ours.Accuracy-theirs.Accuracy) > 0.01 {
			t.Errorf("%s: accuracy %.4f where fastText has %.4f", name, ours.Accuracy, theirs.Accuracy)
		}
	}
}

// answersOf serves a model and asks it for the best label of each review.
func answersOf(t *testing.T, dir, file string, reviews []scenario.Review) told {
	t.Helper()
	at, err := os.MkdirTemp(dir, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(file, filepath.Join(at, "model.bin")); err != nil {
		t.Fatal(err)
	}
	m, err := blazingtext.New(learn.Limits{}).Load(at, nil)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var body strings.Builder
	for _, r := range reviews {
		b, err := json.Marshal(map[string]any{"source": r.Text, "k": 2})
		if err != nil {
			t.Fatal(err)
		}
		body.Write(append(b, '\n'))
	}
	var out bytes.Buffer
	if err := m.Predict(t.Context(), "application/jsonlines", "application/jsonlines", strings.NewReader(body.String()), &out); err != nil {
		t.Fatal(err)
	}
	var got told
	for line := range strings.Lines(out.String()) {
		var a struct {
			Label []string
			Prob  []float64
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil || len(a.Label) != 2 || len(a.Prob) != 2 {
			t.Fatalf("%s: %v", line, err)
		}
		if a.Label[0] == "__label__"+reviews[len(got.Labels)].Label {
			got.Accuracy += 1 / float64(len(reviews))
		}
		got.Labels, got.Probabilities, got.tie = append(got.Labels, a.Label[0]), append(got.Probabilities, a.Prob[0]), append(got.tie, a.Prob[0]-a.Prob[1] < 2e-4)
	}
	return got
}

// same compares answers. fastText adds 0.00001 to probabilities; where both labels are as likely the other may come first.
func (got told) same(t *testing.T, name string, want told) {
	t.Helper()
	if len(got.Labels) != len(want.Labels) {
		t.Fatalf("%s: %d answers, want %d", name, len(got.Labels), len(want.Labels))
	}
	different := 0
	for i, p := range got.Probabilities {
		if math.Abs(p-want.Probabilities[i]) > 1e-4 || got.Labels[i] != want.Labels[i] && !got.tie[i] {
			if different++; different == 1 {
				t.Errorf("%s: line %d is %s with %v, want %s with %v", name, i+1, got.Labels[i], p, want.Labels[i], want.Probabilities[i])
			}
		}
	}
	if different > 0 {
		t.Errorf("%s: %d lines differ", name, different)
	}
}

func put(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
