package bedrockproxy

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// stage is a proxy in front of a server that speaks as Bedrock does.
type stage struct {
	*httptest.Server
	log *bytes.Buffer
}

func set(t *testing.T, bedrock http.HandlerFunc, env ...string) stage {
	t.Helper()
	b := httptest.NewServer(bedrock)
	t.Cleanup(b.Close)
	client := bedrockruntime.New(bedrockruntime.Options{Region: "us-east-1", BaseEndpoint: &b.URL, RetryMaxAttempts: 1,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""))})
	st := stage{log: &bytes.Buffer{}}
	st.Server = httptest.NewServer(newServer(setup(t, env...), client, st.log).handler())
	t.Cleanup(st.Close)
	return st
}

// ask sends a request. accept may be "".
func (s stage) ask(t *testing.T, kind, accept, body string) (status int, gives, answer string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/invocations", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", kind)
	if accept != "" {
		q.Header.Set("Accept", accept)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header.Get("Content-Type"), string(b)
}

// prompt reads what a body of Converse says.
func prompt(t testing.TB, r *http.Request) string {
	var in struct {
		Messages []struct{ Content []struct{ Text string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	return in.Messages[0].Content[0].Text
}

// echo answers with the prompt, and knows no "bad" ones.
func echo(t testing.TB) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/model/meta.llama/converse" || !strings.Contains(r.Header.Get("Authorization"), "/bedrock/aws4_request") {
			t.Errorf("%s %v", r.URL.Path, r.Header)
		}
		text := prompt(t, r)
		if text == "bad" {
			w.Header().Set("X-Amzn-ErrorType", "ThrottlingException")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = io.WriteString(w, `{"message":"slow down"}`)
			return
		}
		fmt.Fprintf(w, `{"output":{"message":{"role":"assistant","content":[{"text":%q}]}},"stopReason":"end_turn","usage":{"inputTokens":1},"new":1.50}`, "<"+text+">")
	}
}

func TestAnswers(t *testing.T) {
	s := set(t, echo(t))
	f := func(kind, accept, body string, status int, gives, want string) {
		t.Helper()
		if code, got, answer := s.ask(t, kind, accept, body); code != status || got != gives || strings.TrimSpace(answer) != want {
			t.Errorf("%s %s: %d %s %s, want %d %s %s", kind, body, code, got, answer, status, gives, want)
		}
	}
	const js, jl, plain = "application/json", "application/jsonlines", "text/plain; charset=utf-8"
	made := func(text string) string {
		return `{"generated_text":"<` + text + `>","stop_reason":"end_turn","usage":{"inputTokens":1}}`
	}
	slow := `{"error":{"code":"ThrottlingException","message":"slow down"}}`
	f(js, "", `{"inputs":"a"}`, 200, js, "["+made("a")+"]")
	f(js, "", `{"inputs":["a","bad"]}`, 200, js, "["+made("a")+","+slow+"]")
	f(js, "", `{"prompt":"a"}`, 200, js, made("a"))
	f(js, "", `["a","b"]`, 200, js, "["+made("a")+","+made("b")+"]")
	f(js, "", `{"messages":[{"role":"user","content":[{"text":"a"}]}]}`, 200, js,
		`{"output":{"message":{"role":"assistant","content":[{"text":"<a>"}]}},"stopReason":"end_turn","usage":{"inputTokens":1},"new":1.50}`)
	f(js, "", `{"inputs":"bad"}`, 429, js, slow)
	f(js, "", `{}`, 400, js, string(encode(map[string]any{"error": faultOf(errNoText)})))
	f("image/png", "", `x`, 415, js, string(encode(map[string]any{"error": faultOf(errType)})))
	f(jl, "", "\"a\"\n{\"inputs\":\"bad\"}\nno\n\"b\"\n", 200, jl, made("a")+"\n["+slow+"]\n"+string(encode(map[string]any{"error": faultOf(errJSON)}))+"\n"+made("b"))
	f("text/plain", "", "a", 200, plain, "<a>")
	f("text/plain", js, "a", 200, js, made("a"))
	f("text/csv", "text/csv", "a\n\"b,\"\nbad\n", 200, "text/csv", "<a>\n\"<b,>\"\n\"{\"\"error\"\":{\"\"code\"\":\"\"ThrottlingException\"\",\"\"message\"\":\"\"slow down\"\"}}\"")
	a, err := http.Get(s.URL + "/execution-parameters")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var p struct{ BatchStrategy string }
	if err := json.NewDecoder(a.Body).Decode(&p); err != nil || p.BatchStrategy != "MULTI_RECORD" {
		t.Errorf("%+v %v", p, err)
	}
	if strings.Contains(s.log.String(), "<a>") {
		t.Errorf("the log holds what records hold: %s", s.log)
	}
}

// TestManyRecords asks for all records of a request together, as many at a time as is allowed, and keeps their order.
func TestManyRecords(t *testing.T) {
	var now, most atomic.Int64
	var mu sync.Mutex
	answer := echo(t)
	s := set(t, func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		defer now.Add(-1)
		mu.Lock()
		most.Store(max(most.Load(), n))
		mu.Unlock()
		for deadline := time.Now().Add(5 * time.Second); most.Load() < 4 && time.Now().Before(deadline); { // until the others have come
			time.Sleep(time.Millisecond)
		}
		answer(w, r)
	}, "BEDROCK_CONCURRENCY=4")
	var in, want strings.Builder
	for i := range 50 {
		fmt.Fprintf(&in, "\"%d\"\n", i)
		fmt.Fprintf(&want, "{\"generated_text\":\"<%d>\",\"stop_reason\":\"end_turn\",\"usage\":{\"inputTokens\":1}}\n", i)
	}
	if _, _, got := s.ask(t, "application/jsonlines", "", in.String()); got != want.String() {
		t.Errorf("got %s", got)
	}
	if most.Load() != 4 {
		t.Errorf("%d at a time", most.Load())
	}
}

// events writes a stream as Bedrock does.
func events(t testing.TB, w io.Writer, list ...string) {
	for i := 0; i < len(list); i += 2 {
		kind := "event"
		if strings.HasSuffix(list[i], "Exception") {
			kind = "exception"
		}
		var h eventstream.Headers
		h.Set(":message-type", eventstream.StringValue(kind))
		h.Set(":"+kind+"-type", eventstream.StringValue(list[i]))
		if err := eventstream.NewEncoder().Encode(w, eventstream.Message{Headers: h, Payload: []byte(list[i+1])}); err != nil {
			t.Error(err)
		}
	}
}

func TestStreams(t *testing.T) {
	broken := false
	s := set(t, func(w http.ResponseWriter, r *http.Request) {
		if prompt(t, r) == "bad" {
			w.Header().Set("X-Amzn-ErrorType", "ValidationException")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message":"no"}`)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		events(t, w, "messageStart", `{"role":"assistant"}`, "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"Hel"}}`)
		if broken {
			events(t, w, "modelStreamErrorException", `{"message":"it broke"}`)
			return
		}
		events(t, w, "contentBlockDelta", `{"contentBlockIndex":0,"delta":{"text":"lo"}}`, "messageStop", `{"stopReason":"end_turn"}`, "metadata", `{"usage":{"outputTokens":2}}`)
	})
	f := func(accept, body string, status int, gives, want string) {
		t.Helper()
		if code, got, answer := s.ask(t, "application/json", accept, body); code != status || got != gives || answer != want {
			t.Errorf("%s: %d %s %q, want %d %s %q", body, code, got, answer, status, gives, want)
		}
	}
	const jl = "application/jsonlines"
	hello := `{"inputs":"a","stream":true}`
	f("", hello, 200, jl, "{\"token\":{\"text\":\"Hel\"}}\n{\"token\":{\"text\":\"lo\"}}\n{\"generated_text\":\"Hello\",\"stop_reason\":\"end_turn\",\"usage\":{\"outputTokens\":2}}\n")
	f("text/plain", hello, 200, "text/plain; charset=utf-8", "Hello")
	f("text/event-stream", `{"messages":[{"role":"user","content":"a"}]}`, 200, "text/event-stream", "data: {\"messageStart\":{\"role\":\"assistant\"}}\n\n"+
		"data: {\"contentBlockDelta\":{\"contentBlockIndex\":0,\"delta\":{\"text\":\"Hel\"}}}\n\ndata: {\"contentBlockDelta\":{\"contentBlockIndex\":0,\"delta\":{\"text\":\"lo\"}}}\n\n"+
		"data: {\"messageStop\":{\"stopReason\":\"end_turn\"}}\n\ndata: {\"metadata\":{\"usage\":{\"outputTokens\":2}}}\n\n")
	f("", `{"inputs":"bad","stream":true}`, 400, "application/json", `{"error":{"code":"ValidationException","message":"no"}}`)
	broken = true
	f("", hello, 200, jl, "{\"token\":{\"text\":\"Hel\"}}\n{\"error\":{\"code\":\"ModelStreamErrorException\",\"message\":\"it broke\"}}\n")
}

// TestNative asks by InvokeModel, whose answers are the model's own.
func TestNative(t *testing.T) {
	s := set(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amzn-Bedrock-GuardrailIdentifier") != "g" || r.Header.Get("X-Amzn-Bedrock-GuardrailVersion") != "DRAFT" {
			t.Errorf("guardrail %v", r.Header)
		}
		if strings.HasSuffix(r.URL.Path, "/invoke") {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.Copy(w, r.Body)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		for _, text := range []string{`{"generation":"Hel"}`, `{"generation":"lo"}`} {
			events(t, w, "chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(text))+`"}`)
		}
	}, "BEDROCK_API=InvokeModel", "BEDROCK_GUARDRAIL_ID=g")
	if code, kind, got := s.ask(t, "application/json", "", `[{"prompt":"a"},"b"]`); code != 200 || kind != "application/json" ||
		got != `[{"prompt":"a"},{"error":{"code":"ValidationException","message":"`+string(errBody)+`"}}]` {
		t.Errorf("%d %s %s", code, kind, got)
	}
	if code, kind, got := s.ask(t, "application/json", "", `{"prompt":"a","stream":true}`); code != 200 || kind != "application/jsonlines" || got != "{\"generation\":\"Hel\"}\n{\"generation\":\"lo\"}\n" {
		t.Errorf("%d %s %s", code, kind, got)
	}
}

// TestNobodyListens ends a request in the middle: the model is told.
func TestNobodyListens(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	s := set(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(begun)
		<-r.Context().Done()
		close(ended)
	})
	ctx, cancel := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/invocations", strings.NewReader(`"a"`))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-begun
		cancel()
	}()
	if a, err := http.DefaultClient.Do(q); err == nil {
		_ = a.Body.Close()
		t.Error("an answer came")
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the model was not told")
	}
}
