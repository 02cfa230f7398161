package blazingtext

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// reviews makes lines whose label follows from a few of their words.
func reviews(n int, seed uint64) string {
	random := rand.New(rand.NewPCG(seed, 0))
	var b strings.Builder
	for range n {
		label := random.IntN(3)
		fmt.Fprintf(&b, "__label__%d", label)
		for range 12 {
			switch random.IntN(4) {
			case 0:
				fmt.Fprintf(&b, " %s%d", []string{"fine", "dull", "odd"}[label], random.IntN(20))
			default:
				fmt.Fprintf(&b, " word%d", random.IntN(500))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func channel(t *testing.T, content string) learn.Channel {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "data.txt"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return learn.Channel{Dir: dir}
}

// train trains and loads, and gives the log.
func train(t *testing.T, channels learn.Channels, set ...string) (*Model, string) {
	t.Helper()
	h := map[string]string{"mode": "supervised", "min_count": "1", "vector_dim": "20", "buckets": "5000", "learning_rate": "0.3", "epochs": "10"}
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

func TestLearnsLabels(t *testing.T) {
	channels := learn.Channels{"train": channel(t, reviews(2000, 1)), "validation": channel(t, reviews(500, 2))}
	for _, ngrams := range []string{"1", "2", "3"} {
		m, log := train(t, channels, "word_ngrams", ngrams)
		var accuracy float64
		at := strings.Index(log, "#validation_accuracy: ")
		if _, err := fmt.Sscanf(log[max(0, at):], "#validation_accuracy: %f", &accuracy); err != nil || accuracy < 0.93 {
			t.Errorf("%s-grams: accuracy %v, %v, log:\n%s", ngrams, accuracy, err, log)
		}
		got := ask(t, m, typeJSON, `{"instances":["fine3 fine4 word1","dull1 dull19","odd2"]}`)
		for i, want := range []string{"__label__0", "__label__1", "__label__2"} {
			if parts := strings.Split(got, "}, {"); len(parts) != 3 || !strings.Contains(parts[i], want) {
				t.Errorf("%s-grams: answer %d of %s is not %s", ngrams, i, got, want)
			}
		}
	}
}

func TestEarlyStoppingKeepsTheBest(t *testing.T) {
	channels := learn.Channels{"train": channel(t, reviews(300, 1)), "validation": channel(t, reviews(200, 2))}
	_, log := train(t, channels, "early_stopping", "True", "epochs", "100", "patience", "2", "min_epochs", "3")
	if n := strings.Count(log, "#####") / 2; n >= 100 || n < 3 || !strings.Contains(log, "Stopping after epoch") {
		t.Errorf("%d epochs, log:\n%s", n, log)
	}
	delete(channels, "validation")
	err := New(learn.Limits{}).Train(t.Context(), channels, map[string]string{"mode": "supervised", "early_stopping": "True"}, nil, t.TempDir())
	if want := new(*learn.ClientError); !errors.As(err, want) {
		t.Errorf("early stopping without validation: %v", err)
	}
}

func TestManifestIsLikeText(t *testing.T) {
	text := "__label__1 __label__x good day\n__label__2 bad day\n"
	manifest := `{"source":"good day","label":[1,"x"]}` + "\n\n" + `{"source":"bad\nday","label":2}`
	b, err := fromManifest([]byte(manifest), "m")
	if err != nil || strings.Join(strings.Fields(string(b)), " ") != strings.Join(strings.Fields(text), " ") || bytes.Count(b, []byte("\n")) != 2 {
		t.Errorf("%q, %v", b, err)
	}
	for _, bad := range []string{`{"source":"x"}`, `{"label":1}`, `[1]`, `{"source":"x","label":{}}`, `{"source":1,"label":1}`, "{"} {
		if b, err := fromManifest([]byte(bad), "m"); err == nil {
			t.Errorf("%s gives %q", bad, b)
		}
	}
}

func TestAnswers(t *testing.T) {
	m, _ := train(t, learn.Channels{"train": channel(t, reviews(300, 1))})
	f := func(kind, body, want string) {
		t.Helper()
		if got := ask(t, m, kind, body); !strings.Contains(got, want) || kind == typeJSON && got[0] != '[' {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
	f(typeJSON, `{"instances":["fine1"],"configuration":{"k":2}}`, `{"label": ["__label__0", "__label__`)
	f(typeJSON, `{"instances":["fine1"],"configuration":{"k":900}}`, `"prob": [`)
	f(typeLines, "{\"source\":\"fine1\"}\n\n{\"source\":\"dull2\",\"k\":3}", `{"label": ["__label__0"], "prob": [`)
	if got := ask(t, m, typeLines, strings.Repeat("{\"source\":\"dull2\"}\n", 700)); strings.Count(got, "\n") != 700 || strings.Count(got, "__label__1") != 700 {
		t.Errorf("of 700 lines there are %d answers", strings.Count(got, "\n"))
	}
	refused := func(kind, body string, status int) {
		t.Helper()
		var out bytes.Buffer
		err := m.Predict(t.Context(), kind, "*/*", strings.NewReader(body), &out)
		if e := new(*learn.RequestError); !errors.As(err, e) || (*e).Status != status || out.Len() > 0 {
			t.Errorf("%s %q: %v with %q, want status %d", kind, body, err, out.String(), status)
		}
	}
	refused("text/csv", "x", 415)
	for _, body := range []string{"", "{}", "[]", `{"instances":[]}`, `{"instances":[1]}`, `{"instances":["x"],"configuration":{"k":0}}`, `{"instances":["x"],"configuration":{"k":"a"}}`} {
		refused(typeJSON, body, 400)
	}
	for _, body := range []string{"", "\n", `{"text":"x"}`, `{"source":"x","k":-1}`, "x"} {
		refused(typeLines, body, 400)
	}
	m.body = 10
	refused(typeJSON, `{"instances":["fine1"]}`, 413)
}

func TestTrainRefuses(t *testing.T) {
	a := New(learn.Limits{})
	f := func(content, want string, set ...string) {
		t.Helper()
		h := map[string]string{"mode": "supervised", "min_count": "1"}
		for i := 0; i < len(set); i += 2 {
			h[set[i]] = set[i+1]
		}
		err := a.Train(t.Context(), learn.Channels{"train": channel(t, content)}, h, nil, t.TempDir())
		if e := new(*learn.ClientError); !errors.As(err, e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
	two := "__label__a x\n__label__b y\n"
	f("", "0 different labels")
	f("no labels here\n", "0 different labels")
	f("__label__a x\n", "1 different labels")
	f(two, "Empty vocabulary", "min_count", "5")
	f(two, "MB of memory", "buckets", "2000000000")
	f(two, "'skipgram' is not valid", "mode", "skipgram")
	f(two, "diverged", "learning_rate", "1e300")
	f(`{"source":1}`, "not a JSON object")
	if err := a.Train(t.Context(), learn.Channels{}, map[string]string{"mode": "supervised"}, nil, t.TempDir()); err == nil || !strings.Contains(err.Error(), "'train' is a required property") {
		t.Errorf("no channel: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Train(ctx, learn.Channels{"train": channel(t, two)}, map[string]string{"mode": "supervised", "min_count": "1"}, nil, t.TempDir()); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// TestCountInParts numbers words like a count in one part.
func TestCountInParts(t *testing.T) {
	text := []byte(reviews(5000, 3))
	var one, more dictionary
	a, b := count(&one, text, 1), count(&more, text, 7)
	if !slices.Equal(a.tokens, b.tokens) || !slices.Equal(a.ends, b.ends) || len(a.ends) != 5000 || !slices.Equal(one.entries, more.entries) {
		t.Errorf("%d and %d tokens, %d and %d lines, %d and %d words", len(a.tokens), len(b.tokens), len(a.ends), len(b.ends), len(one.entries), len(more.entries))
	}
}

func ask(t *testing.T, m *Model, kind, body string) string {
	t.Helper()
	var out bytes.Buffer
	if err := m.Predict(t.Context(), kind, "", strings.NewReader(body), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
