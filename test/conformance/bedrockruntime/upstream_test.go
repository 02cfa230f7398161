package bedrockruntime

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	bedrocktypes "github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

const upstreamKey = "sk-upstream-0123456789abcdef"

// upstream is a server that speaks OpenAI's API and says what the test has it say.
type upstream struct {
	*httptest.Server
	answer http.HandlerFunc
	asked  chan string
}

func newUpstream(t *testing.T) *upstream {
	u := &upstream{asked: make(chan string, 64)}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+upstreamKey {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		u.asked <- string(b)
		u.answer(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

// says answers with pieces of text.
func says(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, p := range pieces {
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%q}}]}\n\n", p)
			_ = http.NewResponseController(w).Flush()
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n")
	}
}

const remote = "openai.remote-v1:0"

func withUpstream(t *testing.T) (*upstream, *harness.Server, *bedrockruntime.Client) {
	t.Helper()
	u := newUpstream(t)
	file := t.TempDir() + "/key"
	if err := os.WriteFile(file, []byte(upstreamKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "  - {id: \""+remote+"\", driver: openai, url: \""+u.URL+"/v1\", model: m, api-key-file: "+file+", timeout: 2}\n")
	return u, s, client(t, s)
}

func TestServersErrors(t *testing.T) {
	u, s, c := withUpstream(t)
	converse := func() error {
		_, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said("hi")},
			func(o *bedrockruntime.Options) { o.RetryMaxAttempts = 1 })
		return err
	}
	f := func(status int, body, code string) {
		t.Helper()
		u.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
		err := converse()
		tells(t, err, code, "")
		if err != nil && (strings.Contains(err.Error(), upstreamKey) || strings.Contains(err.Error(), u.URL)) {
			t.Errorf("the error tells too much: %v", err)
		}
	}
	f(400, `{"error":{"message":"no, `+upstreamKey+`"}}`, "ValidationException")
	f(401, `{"error":{"message":"wrong key `+upstreamKey+`"}}`, "AccessDeniedException")
	f(429, `{}`, "ThrottlingException")
	f(500, `{"error":{"message":"`+upstreamKey+`"}}`, "ModelErrorException")
	u.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	tells(t, converse(), "ModelTimeoutException", "timed out")
	u.answer = says("Hel", "lo")
	if err := converse(); err != nil {
		t.Error(err)
	}
	u.answer = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n")
	}
	out, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(remote), Messages: said("hi")})
	if err != nil {
		t.Fatal(err)
	}
	stream := out.GetStream()
	text := ""
	for e := range stream.Events() {
		if d, ok := e.(*types.ConverseStreamOutputMemberContentBlockDelta); ok {
			text += d.Value.Delta.(*types.ContentBlockDeltaMemberText).Value
		}
	}
	if text != "half" {
		t.Errorf("before it broke off: %q", text)
	}
	tells(t, stream.Err(), "ModelStreamErrorException", "broke off")
	if strings.Contains(s.Log(), upstreamKey) {
		t.Error("the key is in the log")
	}
}

// TestToolsOfAServer has a model of a server call a tool, whole and in a stream.
func TestToolsOfAServer(t *testing.T) {
	u, _, c := withUpstream(t)
	u.answer = func(w http.ResponseWriter, _ *http.Request) {
		for _, call := range []string{`{"index":0,"id":"call_7","function":{"name":"get_weather","arguments":"{\"city\":"}}`, `{"index":0,"function":{"arguments":"\"Paris\",\"days\":3}"}}`} {
			fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[%s]}}]}\n\n", call)
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n")
	}
	out, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said("hi"), ToolConfig: weather})
	if err != nil {
		t.Fatal(err)
	}
	answer := out.Output.(*types.ConverseOutputMemberMessage).Value
	use, ok := answer.Content[0].(*types.ContentBlockMemberToolUse)
	var input struct {
		City string
		Days int
	}
	if !ok || out.StopReason != types.StopReasonToolUse || *use.Value.ToolUseId != "call_7" || use.Value.Input.UnmarshalSmithyDocument(&input) != nil || input.City != "Paris" || input.Days != 3 {
		t.Fatalf("%+v %s", answer, out.StopReason)
	}
	if asked := <-u.asked; !strings.Contains(asked, `"tool_choice":"required"`) || !strings.Contains(asked, `"name":"get_weather"`) || !strings.Contains(asked, `"enum":["C","F"]`) {
		t.Errorf("asked %s", asked)
	}
	stream, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(remote), Messages: said("hi"), ToolConfig: weather})
	if err != nil {
		t.Fatal(err)
	}
	name, written := "", ""
	events := stream.GetStream()
	for e := range events.Events() {
		switch e := e.(type) {
		case *types.ConverseStreamOutputMemberContentBlockStart:
			name = *e.Value.Start.(*types.ContentBlockStartMemberToolUse).Value.Name
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			written += *e.Value.Delta.(*types.ContentBlockDeltaMemberToolUse).Value.Input
		}
	}
	if events.Err() != nil || name != "get_weather" || written != `{"city":"Paris","days":3}` {
		t.Errorf("stream: %s %s %v", name, written, events.Err())
	}
	<-u.asked
	u.answer = says("Sunny.")
	talk := append(said("hi"), answer, types.Message{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{
		ToolUseId: use.Value.ToolUseId, Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "sunny"}}}}}})
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: talk, ToolConfig: weather}); err != nil {
		t.Error(err)
	}
	if asked := <-u.asked; !strings.Contains(asked, `{"role":"tool","content":"sunny","tool_call_id":"call_7"}`) {
		t.Errorf("asked %s", asked)
	}
}

// TestCancelReachesTheServer ends a stream in the middle: the model's server is told.
func TestCancelReachesTheServer(t *testing.T) {
	u, _, c := withUpstream(t)
	ended := make(chan struct{})
	u.answer = func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(ended)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, err := c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: aws.String(remote), Messages: said("hi")})
	if err != nil {
		t.Fatal(err)
	}
	stream := out.GetStream()
	<-stream.Events()
	cancel()
	_ = stream.Close()
	select {
	case <-ended:
	case <-time.After(within):
		t.Error("the model's server was not told")
	}
}

// guardrail makes a guardrail and a version of it.
func guardrail(t *testing.T, s *harness.Server, in *bedrock.CreateGuardrailInput) (id, version string) {
	t.Helper()
	c := bedrock.NewFromConfig(harness.Must(s.Admin(t.Context()))(t).Config())
	in.BlockedInputMessaging, in.BlockedOutputsMessaging = aws.String("I cannot take that."), aws.String("I cannot say that.")
	out, err := c.CreateGuardrail(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.CreateGuardrailVersion(t.Context(), &bedrock.CreateGuardrailVersionInput{GuardrailIdentifier: out.GuardrailId})
	if err != nil {
		t.Fatal(err)
	}
	return *out.GuardrailId, *v.Version
}

// TestAGuardrailInAStream has an e-mail address come in pieces: none of them reaches the caller.
func TestAGuardrailInAStream(t *testing.T) {
	u, s, c := withUpstream(t)
	id, version := guardrail(t, s, &bedrock.CreateGuardrailInput{Name: aws.String("mail"),
		SensitiveInformationPolicyConfig: &bedrocktypes.GuardrailSensitiveInformationPolicyConfig{PiiEntitiesConfig: []bedrocktypes.GuardrailPiiEntityConfig{
			{Type: bedrocktypes.GuardrailPiiEntityTypeEmail, Action: bedrocktypes.GuardrailSensitiveInformationActionAnonymize},
			{Type: bedrocktypes.GuardrailPiiEntityTypeUsSocialSecurityNumber, Action: bedrocktypes.GuardrailSensitiveInformationActionBlock}}},
		WordPolicyConfig: &bedrocktypes.GuardrailWordPolicyConfig{WordsConfig: []bedrocktypes.GuardrailWordConfig{{Text: aws.String("project falcon")}}}})
	ask := func(text string, trace types.GuardrailTrace) (string, int, types.StopReason, *types.ConverseStreamMetadataEvent) {
		out, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(remote), Messages: said(text),
			GuardrailConfig: &types.GuardrailStreamConfiguration{GuardrailIdentifier: &id, GuardrailVersion: &version, Trace: trace}})
		if err != nil {
			t.Fatal(err)
		}
		return read(t, out)
	}
	filler := strings.Repeat("There is more to say about this. ", 40)
	pieces := append([]string{filler, "Write to jane", ".doe", "@exam", "ple.", "com", " today. "}, strings.SplitAfter(filler, " ")...)
	u.answer = says(pieces...)
	text, n, stop, last := ask("How do I reach Jane?", types.GuardrailTraceEnabled)
	if want := filler + "Write to {EMAIL} today. " + filler; text != want || n < 3 || stop != types.StopReasonGuardrailIntervened {
		t.Errorf("%d pieces, %s: %q", n, stop, text)
	}
	list := last.Trace.Guardrail.OutputAssessments[id]
	if len(list) != 1 || len(list[0].SensitiveInformationPolicy.PiiEntities) != 1 || *list[0].SensitiveInformationPolicy.PiiEntities[0].Match != "jane.doe@example.com" {
		t.Errorf("trace %+v", last.Trace.Guardrail)
	}
	<-u.asked
	if text, _, stop, _ := ask("Tell me of Project Falcon.", ""); text != "I cannot take that." || stop != types.StopReasonGuardrailIntervened {
		t.Errorf("blocked input: %q %s", text, stop)
	}
	if len(u.asked) != 0 {
		t.Error("the model was asked although the input was blocked")
	}
	u.answer = says("It is 123-", "45-6789", ".")
	if text, _, stop, _ := ask("What is it?", ""); text != "I cannot say that." || stop != types.StopReasonGuardrailIntervened {
		t.Errorf("blocked output: %q %s", text, stop)
	}
	<-u.asked
	if _, _, _, last := ask("I am bob@example.com.", ""); last == nil || !strings.Contains(<-u.asked, "I am {EMAIL}.") {
		t.Error("the model was given the address")
	}
	applied, err := c.ApplyGuardrail(t.Context(), &bedrockruntime.ApplyGuardrailInput{GuardrailIdentifier: &id, GuardrailVersion: &version, Source: types.GuardrailContentSourceOutput,
		Content: []types.GuardrailContentBlock{&types.GuardrailContentBlockMemberText{Value: types.GuardrailTextBlock{Text: aws.String("ann@example.com")}}}})
	if err != nil || applied.Action != types.GuardrailActionGuardrailIntervened || *applied.Outputs[0].Text != "{EMAIL}" {
		t.Errorf("ApplyGuardrail: %+v %v", applied, err)
	}
	_, err = c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said("hi"),
		GuardrailConfig: &types.GuardrailConfiguration{GuardrailIdentifier: aws.String("abcdefghijkl"), GuardrailVersion: aws.String("1")}})
	tells(t, err, "ValidationException", "does not exist")
}
