package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario"
)

// learnt is what a turn took, in seconds.
type learnt struct {
	Trained, Saved, Loaded, Each, All float64
	Accuracy                          float64
}

// learnBench trains on half of the reviews and predicts the other half, with fastText's settings.
type learnBench struct {
	Train   string  `json:"train"`
	Test    string  `json:"test"`
	Model   string  `json:"model"`
	Epochs  int     `json:"epoch"`
	Rate    float64 `json:"lr"`
	Dim     int     `json:"dim"`
	Ngrams  int     `json:"ngrams"`
	Least   int     `json:"least"`
	Buckets int     `json:"buckets"`
	held    []scenario.Review
	words   int // of the training, with the ends of lines
	work    string
}

// learning measures BlazingText against fastText on the same reviews, turn by turn.
func learning(ctx context.Context, o options) (section, error) {
	python, err := harness.Learn()
	if err != nil {
		return section{}, err
	}
	reviews, err := scenario.LoadReviews()
	if err != nil {
		return section{}, err
	}
	half := len(reviews) / 2
	var b strings.Builder
	b.WriteString("| Text classification | | BlazingText | fastText | fastText against it |\n|---|---|---:|---:|---:|\n")
	for _, c := range []learnBench{{Epochs: 10, Rate: 0.1, Dim: 100, Ngrams: 1, Least: 1}, {Epochs: 10, Rate: 0.1, Dim: 100, Ngrams: 2, Least: 1, Buckets: 2_000_000}} {
		c.work, c.held = filepath.Join(o.work, fmt.Sprint("learn", c.Ngrams)), reviews[half:]
		c.Train, c.Test, c.Model = filepath.Join(c.work, "train", "x"), filepath.Join(c.work, "test"), filepath.Join(c.work, "theirs.bin")
		train := scenario.FastText(reviews[:half])
		c.words = len(strings.Fields(train)) + half
		if err := os.MkdirAll(filepath.Dir(c.Train), 0o755); err != nil {
			return section{}, err
		}
		if err := os.WriteFile(c.Train, []byte(train), 0o644); err != nil {
			return section{}, err
		}
		if err := os.WriteFile(c.Test, []byte(scenario.FastText(c.held)), 0o644); err != nil {
			return section{}, err
		}
		if err := c.run(ctx, o, python, &b); err != nil {
			return section{}, err
		}
	}
	return section{"Learning", b.String() + fmt.Sprintf(`
Medians of %d turns, each of BlazingText and then fastText with two threads: %d reviews learned from, the others predicted; vectors of 100,
10 epochs, with pairs of words in fastText's two million buckets. A request is JSON in and JSON out on the one hand, a call in Python on the other.
`, o.rounds, half)}, ctx.Err()
}

func (c *learnBench) run(ctx context.Context, o options, python string, b *strings.Builder) error {
	var ours, theirs []learnt
	for range o.rounds {
		mine, err := c.turn(ctx)
		if err != nil {
			return err
		}
		settings, err := json.Marshal(c)
		if err != nil {
			return err
		}
		out, err := exec.CommandContext(ctx, python, "test/bench/learn.py", string(settings)).Output()
		if err != nil {
			return fmt.Errorf("fastText: %w", err)
		}
		var other learnt
		if err := json.Unmarshal(out, &other); err != nil {
			return err
		}
		ours, theirs = append(ours, mine), append(theirs, other)
	}
	of := func(list []learnt, f func(learnt) float64) float64 {
		var values []float64
		for _, l := range list {
			values = append(values, f(l))
		}
		return median(values)
	}
	row := func(what, unit string, factor float64, f func(learnt) float64) {
		x, y := of(ours, f), of(theirs, f)
		fmt.Fprintf(b, "| n-grams of up to %d: %s | %s | %.3g | %.3g | %.2f |\n", c.Ngrams, what, unit, x*factor, y*factor, y/x)
	}
	row("training and saving", "s", 1, func(l learnt) float64 { return l.Saved })
	x, y := of(ours, func(l learnt) float64 { return l.Trained }), of(theirs, func(l learnt) float64 { return l.Trained })
	words := float64(c.words*c.Epochs) / 1e6
	fmt.Fprintf(b, "| n-grams of up to %d: training alone | M words/s | %.3g | %.3g | %.2f |\n", c.Ngrams, words/x, words/y, x/y)
	row("loading the model", "ms", 1e3, func(l learnt) float64 { return l.Loaded })
	row("one text", "µs", 1e6, func(l learnt) float64 { return l.Each })
	row(fmt.Sprintf("%d texts at once", len(c.held)), "ms", 1e3, func(l learnt) float64 { return l.All })
	row("accuracy", "", 1, func(l learnt) float64 { return l.Accuracy })
	return nil
}

// turn is one of BlazingText.
func (c *learnBench) turn(ctx context.Context) (l learnt, err error) {
	dir := filepath.Join(c.work, "ours")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return l, err
	}
	a := blazingtext.New(learn.Limits{Threads: 2})
	h := map[string]string{"mode": "supervised", "epochs": strconv.Itoa(c.Epochs), "learning_rate": fmt.Sprint(c.Rate), "vector_dim": strconv.Itoa(c.Dim),
		"word_ngrams": strconv.Itoa(c.Ngrams), "min_count": strconv.Itoa(c.Least), "buckets": strconv.Itoa(max(1, c.Buckets))}
	began := time.Now()
	log := func(line string) {
		if strings.HasPrefix(line, "Training finished") {
			l.Trained = time.Since(began).Seconds() // from the first byte that is read
		}
	}
	if err := a.Train(ctx, learn.Channels{"train": {Dir: filepath.Dir(c.Train)}}, h, log, dir); err != nil {
		return l, err
	}
	l.Saved = time.Since(began).Seconds()
	began = time.Now()
	m, err := a.Load(dir, nil)
	if err != nil {
		return l, err
	}
	l.Loaded = time.Since(began).Seconds()
	var lines bytes.Buffer
	var each []float64
	for i, r := range c.held {
		one, err := json.Marshal(map[string]any{"instances": []string{r.Text}})
		if err != nil {
			return l, err
		}
		line, err := json.Marshal(map[string]string{"source": r.Text})
		if err != nil {
			return l, err
		}
		lines.Write(append(line, '\n'))
		if i >= 2000 {
			continue
		}
		var out bytes.Buffer
		began := time.Now()
		if err := m.Predict(ctx, "application/json", "", bytes.NewReader(one), &out); err != nil {
			return l, err
		}
		each = append(each, time.Since(began).Seconds())
	}
	l.Each = median(each)
	var out bytes.Buffer
	began = time.Now()
	if err := m.Predict(ctx, "application/jsonlines", "", &lines, &out); err != nil {
		return l, err
	}
	l.All = time.Since(began).Seconds()
	answers := strings.Split(out.String(), "\n")
	for i, r := range c.held {
		if strings.Contains(answers[i], `"__label__`+r.Label+`"`) {
			l.Accuracy += 1 / float64(len(c.held))
		}
	}
	return l, nil
}
