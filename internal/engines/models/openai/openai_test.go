package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

const key = "sk-secret-of-the-test-0123456789"

// serve answers every request with f, and gives a model of the server.
func serve(t *testing.T, f http.HandlerFunc) *Model {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body) // a server sees that its client is gone when it has read the request
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(b))
		f(w, r)
	}))
	t.Cleanup(s.Close)
	return New(Config{URL: s.URL + "/v1", Model: "m", Key: func() (string, error) { return key, nil }, Timeout: 300 * time.Millisecond})
}

func events(lines ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, l := range lines {
			fmt.Fprintf(w, "data: %s\n\n", l)
		}
	}
}

func ask(text string) models.Request {
	return models.Request{Turns: []models.Turn{{Role: models.User, Content: []models.Content{{Text: text}}}}}
}

func TestStream(t *testing.T) {
	var got request
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || r.URL.Path != "/v1/chat/completions" || r.Header.Get("Authorization") != "Bearer "+key {
			t.Errorf("%s %v %v", r.URL.Path, r.Header, err)
		}
		events(`{"choices":[{"delta":{"role":"assistant","content":"Hel"}}]}`, `{"choices":[{"delta":{"content":"lo"}}]}`,
			`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"f","arguments":"{\"a\""}}]}}]}`,
			`{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}`,
			`{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}`, `{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}`, `[DONE]`)(w, r)
	})
	zero := 0.0
	r := ask("hi")
	r.System, r.Sampling = "sys", models.Sampling{MaxTokens: 5, Temperature: &zero, Stop: []string{"x"}}
	r.Tools, r.Choice = []models.Tool{{Name: "f", Schema: json.RawMessage(`{"type":"object"}`)}}, models.Choice{Tool: "f"}
	var parts []string
	a, err := m.Stream(t.Context(), r, func(p models.Part) error {
		parts = append(parts, fmt.Sprintf("%d %s%s", p.Block, p.Text, p.Input))
		return nil
	})
	if err != nil || a.Text() != "Hello" || a.Stop != models.CallTools || a.Usage != (models.Usage{Input: 7, Output: 3}) || len(a.Content) != 2 ||
		a.Content[1].Use.ID != "c1" || string(a.Content[1].Use.Input) != `{"a":1}` {
		t.Errorf("%+v %v", a, err)
	}
	if want := "0 Hel|0 lo|1 |1 {\"a\"|1 :1}"; strings.Join(parts, "|") != want {
		t.Errorf("parts %q, want %q", parts, want)
	}
	if got.Messages[0].Role != "system" || got.Messages[1].Content != "hi" || got.MaxTokens != 5 || *got.Temperature != 0 || got.Stop[0] != "x" || len(got.Tools) != 1 {
		t.Errorf("request %+v", got)
	}
}

func TestErrorsTellTheirKindAndNoSecret(t *testing.T) {
	f := func(status int, body string, kind models.Kind, want string) {
		t.Helper()
		m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
		_, err := m.Stream(t.Context(), ask("hi"), nil)
		var e *models.Error
		if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Text, want) {
			t.Errorf("%d: %v", status, err)
			return
		}
		for _, text := range []string{e.Text, fmt.Sprint(e.Cause)} {
			if strings.Contains(text, "secret") || strings.Contains(e.Text, "http://") {
				t.Errorf("%d tells too much: %q", status, text)
			}
		}
	}
	f(400, `{"error":{"message":"bad temperature, see http://10.0.0.1/x, key `+key+`"}}`, models.Invalid, "bad temperature")
	f(400, `{"error":{"message":"the request exceeds the available context size"}}`, models.Invalid, "Input is too long")
	f(401, `{"error":{"message":"Incorrect API key provided: `+key+`"}}`, models.Denied, "does not allow")
	f(404, `not json`, models.Unavailable, "does not have the model")
	f(429, `{}`, models.Busy, "Too many requests")
	f(500, `{"error":"oops"}`, models.Broken, "failed")
	f(503, ``, models.Unavailable, "not ready")
	f(302, ``, models.Broken, "failed")
}

func TestBrokenServers(t *testing.T) {
	f := func(what string, kind models.Kind, h http.HandlerFunc) {
		t.Helper()
		_, err := serve(t, h).Stream(t.Context(), ask("hi"), nil)
		var e *models.Error
		if !errors.As(err, &e) || e.Kind != kind {
			t.Errorf("%s: %v", what, err)
		}
	}
	piece := `{"choices":[{"delta":{"content":"x"}}]}`
	f("an end without a reason", models.Broken, events(piece))
	f("no JSON", models.Broken, events(piece, "{oops"))
	f("an error in the stream", models.Broken, events(piece, `{"error":{"message":"out of memory"}}`))
	f("a call whose input is no JSON", models.Broken, events(`{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{oops"}}]},"finish_reason":"tool_calls"}]}`, "[DONE]"))
	f("a cut connection", models.Broken, func(w http.ResponseWriter, r *http.Request) {
		events(piece)(w, r)
		_ = http.NewResponseController(w).Flush()
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = c.Close()
		}
	})
	f("no answer", models.Late, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	f("an answer that stands still", models.Late, func(w http.ResponseWriter, r *http.Request) {
		events(piece)(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	f("a line without end", models.Broken, func(w http.ResponseWriter, r *http.Request) {
		chunk := strings.Repeat("x", 1<<20)
		for range 10 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	gone := New(Config{URL: "http://127.0.0.1:1/v1", Key: func() (string, error) { return "", nil }})
	if _, err := gone.Stream(t.Context(), ask("hi"), nil); models.KindOf(err) != models.Unavailable {
		t.Errorf("no server: %v", err)
	}
}

// TestSlowIsNotStill has an answer that goes on slower than the whole patience, but never stands still.
func TestSlowIsNotStill(t *testing.T) {
	m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 8 {
			fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(60 * time.Millisecond)
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	})
	if a, err := m.Stream(t.Context(), ask("hi"), nil); err != nil || a.Text() != "xxxxxxxx" {
		t.Errorf("%+v %v", a, err)
	}
}

func TestCancel(t *testing.T) {
	ended := make(chan struct{})
	m := serve(t, func(w http.ResponseWriter, r *http.Request) {
		events(`{"choices":[{"delta":{"content":"x"}}]}`)(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.Stream(ctx, ask("hi"), func(models.Part) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the server was not told")
	}
}

func TestEmbed(t *testing.T) {
	m := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}],"usage":{"prompt_tokens":6}}`)
	})
	v, err := m.Embed(t.Context(), []string{"abc", "def"})
	if err != nil || v.List[0][0] != 0.6 || v.List[1][1] != 1 || v.Tokens[0] != 3 {
		t.Errorf("%+v %v", v, err)
	}
	if _, err := m.Embed(t.Context(), []string{"one"}); models.KindOf(err) != models.Broken {
		t.Errorf("embeddings of other texts: %v", err)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"choices":[{"delta":{"content":"x","tool_calls":[{"index":3,"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		w := &writer{text: -1, calls: map[int]int{}}
		if w.event(b) == nil {
			a, err := w.finish()
			for _, c := range a.Content {
				if err == nil && c.Use != nil && !json.Valid(c.Use.Input) {
					t.Errorf("%s", c.Use.Input)
				}
			}
		}
	})
}
