package codec

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

func bedrock(t testing.TB) *Service {
	return compile(t, "bedrock-runtime", (*bedrockruntime.Client)(nil),
		Documents(func(v any) any { return document.NewLazyDocument(v) }),
		Unions((*types.ContentBlockMemberText)(nil), (*types.ContentBlockMemberImage)(nil), (*types.ToolMemberToolSpec)(nil), (*types.ToolInputSchemaMemberJson)(nil),
			(*types.InvokeModelWithBidirectionalStreamInputMemberChunk)(nil)))
}

// Every operation of the SDK modules at hand must fit its facts, and every input member must have a field.
func TestSDKTypesFit(t *testing.T) {
	missing := 0
	for name, client := range map[string]any{"iam": (*iam.Client)(nil), "sts": (*sts.Client)(nil), "organizations": (*organizations.Client)(nil),
		"cloudtrail": (*cloudtrail.Client)(nil), "glue": (*glue.Client)(nil), "lakeformation": (*lakeformation.Client)(nil),
		"ram": (*ram.Client)(nil), "s3": (*s3.Client)(nil), "bedrock-runtime": (*bedrockruntime.Client)(nil)} {
		s := compile(t, name, client)
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		for _, n := range s.nodes {
			for member, ref := range n.shape.Members {
				if n.kind != structKind || s.facts.Shapes[ref.Shape].EventStream {
					continue
				}
				found := false
				for _, m := range n.members {
					found = found || m.name == member
				}
				if !found {
					missing++
					t.Logf("%s %s.%s has no field", name, n.name, member)
				}
			}
		}
	}
	if missing > 40 { // the facts may be newer than an SDK release, by a few members
		t.Errorf("%d members have no field", missing)
	}
}

// patternsDropped are those that RE2 can't express: they constrain nothing here.
const patternsDropped = 31

func TestPatternsCompile(t *testing.T) {
	dropped, all := map[string]bool{}, map[string]bool{}
	for _, name := range facts.Names() {
		f, err := facts.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for shape, sh := range f.Shapes {
			if sh.Pattern == "" {
				continue
			}
			all[sh.Pattern] = true
			if _, err := compilePattern(sh.Pattern); err != nil && !dropped[sh.Pattern] {
				dropped[sh.Pattern] = true
				t.Logf("%s %s: %s", name, shape, sh.Pattern)
			}
		}
	}
	t.Logf("%d of %d patterns are dropped", len(dropped), len(all))
	if len(dropped) > patternsDropped {
		t.Errorf("%d patterns are dropped, %d were known", len(dropped), patternsDropped)
	}
}

func TestDocumentsAndUnions(t *testing.T) {
	const model = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude:1"
	s := bedrock(t)
	r := httptest.NewRequest("POST", "/model/arn:aws:bedrock:us-east-1::foundation-model%2Fanthropic.claude%3A1/converse", nil)
	op, params, ok := s.Match(r)
	if !ok || op.Name() != "Converse" || params[0].Value != model {
		t.Fatalf("matched %v %v", op, params)
	}
	body := `{"messages":[{"role":"user","content":[{"text":"hi"}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object","n":[1,2.5,null]}}}}]}}`
	v, err := op.Decode(r, params, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	in := v.(*bedrockruntime.ConverseInput)
	if in.Messages[0].Content[0].(*types.ContentBlockMemberText).Value != "hi" || *in.ModelId != model {
		t.Errorf("got %+v", in)
	}
	doc := in.ToolConfig.Tools[0].(*types.ToolMemberToolSpec).Value.InputSchema.(*types.ToolInputSchemaMemberJson).Value
	text, err := doc.MarshalSmithyDocument()
	if err != nil || !strings.Contains(string(text), `"n":[1,2.5,null]`) {
		t.Errorf("document %s %v", text, err)
	}
	_, err = op.Decode(r, params, []byte(`{"messages":[{"role":"user","content":[{"text":"hi","image":{}}]}]}`))
	var bad *RequestError
	if !errors.As(err, &bad) || bad.Code != "SerializationException" {
		t.Errorf("two members: %v", err)
	}
	w := httptest.NewRecorder()
	out := &bedrockruntime.ConverseOutput{StopReason: types.StopReasonEndTurn, Output: &types.ConverseOutputMemberMessage{Value: types.Message{
		Role: types.ConversationRoleAssistant, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "yo"}}}}}
	if err := op.Encode(w, r, out, "id"); err != nil {
		t.Fatal(err)
	}
	if want := `{"output":{"message":{"content":[{"text":"yo"}],"role":"assistant"}},"stopReason":"end_turn"}`; w.Body.String() != want {
		t.Errorf("got %s", w.Body)
	}
	w = httptest.NewRecorder()
	s.EncodeError(w, r, op, fmt.Errorf("wrapped: %w", &types.ThrottlingException{Message: aws.String("slow")}), "id")
	if w.Code != 429 || w.Header().Get("X-Amzn-Errortype") != "ThrottlingException" || w.Body.String() != `{"message":"slow"}` {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	s.EncodeError(w, r, nil, errors.New("the password is hunter2"), "id")
	if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") || w.Header().Get("X-Amzn-Errortype") != "InternalFailure" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestEventStreamOut(t *testing.T) {
	s := bedrock(t)
	r := httptest.NewRequest("POST", "/model/m/invoke-with-response-stream", nil)
	op, _, _ := s.Match(r)
	if !op.EventsOut() || !op.StreamsOut() || op.EventsIn() {
		t.Fatal("the operation streams events out only")
	}
	w := httptest.NewRecorder()
	stream, err := op.EncodeStream(w, r, "id-9", &bedrockruntime.InvokeModelWithResponseStreamOutput{ContentType: aws.String("application/json")})
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&types.ResponseStreamMemberChunk{Value: types.PayloadPart{Bytes: []byte("abc")}}); err != nil {
		t.Fatal(err)
	}
	if err := stream.Fail(&types.ThrottlingException{Message: aws.String("slow")}); err != nil {
		t.Fatal(err)
	}
	if stream.Send(&types.ResponseStreamMemberChunk{}) == nil {
		t.Error("an event is sent after the end")
	}
	if w.Header().Get("X-Amzn-Requestid") != "id-9" || w.Header().Get("X-Amzn-Bedrock-Content-Type") != "application/json" ||
		w.Header().Get("Content-Type") != "application/vnd.amazon.eventstream" || w.Header().Get("Content-Length") != "" {
		t.Errorf("headers %v", w.Header())
	}
	d := eventstream.NewDecoder()
	for _, want := range []string{":event-type chunk application/json {\"bytes\":\"YWJj\"}", ":exception-type throttlingException application/json {\"message\":\"slow\"}"} {
		m, err := d.Decode(w.Body, nil)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.Fields(want)[0]
		if got := fmt.Sprint(name, " ", m.Headers.Get(name), " ", m.Headers.Get(":content-type"), " ", string(m.Payload)); got != want {
			t.Errorf("got %s", got)
		}
	}
}

func event(t testing.TB, name, payload string) []byte {
	t.Helper()
	var b bytes.Buffer
	h := eventstream.Headers{{Name: ":event-type", Value: eventstream.StringValue(name)}, {Name: ":message-type", Value: eventstream.StringValue("event")}}
	if err := eventstream.NewEncoder().Encode(&b, eventstream.Message{Headers: h, Payload: []byte(payload)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEventStreamIn(t *testing.T) {
	s := bedrock(t)
	r := httptest.NewRequest("POST", "/model/m/invoke-with-bidirectional-stream", nil)
	op, params, ok := s.Match(r)
	if !ok || !op.EventsIn() {
		t.Fatalf("matched %v", op)
	}
	var signed bytes.Buffer
	h := eventstream.Headers{{Name: ":date", Value: eventstream.TimestampValue(time.Unix(7, 0))}, {Name: ":chunk-signature", Value: eventstream.BytesValue("sig")}}
	for _, inner := range [][]byte{event(t, "chunk", `{"bytes":"YWJj"}`), event(t, "unheard", "{}"), event(t, "chunk", `{"bytes":"ZGVm"}`), nil} {
		if err := eventstream.NewEncoder().Encode(&signed, eventstream.Message{Headers: h, Payload: inner}); err != nil {
			t.Fatal(err)
		}
	}
	v, events, err := op.DecodeStream(r, params, io.NopCloser(&signed))
	if err != nil || *v.(*bedrockruntime.InvokeModelWithBidirectionalStreamInput).ModelId != "m" {
		t.Fatal(v, err)
	}
	checked := 0
	events.Verify = func(date time.Time, sig, payload []byte) error {
		if checked++; date.Unix() != 7 || string(sig) != "sig" {
			t.Errorf("verified %v %s", date, sig)
		}
		return nil
	}
	for _, want := range []string{"abc", "def"} {
		e, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got := e.(*types.InvokeModelWithBidirectionalStreamInputMemberChunk).Value.Bytes; string(got) != want {
			t.Errorf("got %s", got)
		}
	}
	if _, err := events.Next(); err != io.EOF || checked != 4 {
		t.Errorf("end %v after %d signatures", err, checked)
	}
	_, events, err = op.DecodeStream(r, params, io.NopCloser(bytes.NewReader(event(t, "chunk", "{}")[:20])))
	if err != nil {
		t.Fatal(err)
	}
	var bad *RequestError
	if _, err := events.Next(); !errors.As(err, &bad) {
		t.Errorf("half an event: %v", err)
	}
}

func TestCompressedRequest(t *testing.T) {
	s := compile(t, "iam", (*iam.Client)(nil))
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte("Action=GetRole&RoleName=r")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := form(b.String())
	r.Header.Set("Content-Encoding", "custom, gzip")
	op, params, ok := s.MatchForm(r, b.Bytes())
	if !ok {
		t.Fatal("no match")
	}
	v, err := op.Decode(r, params, b.Bytes())
	if err != nil || *v.(*iam.GetRoleInput).RoleName != "r" {
		t.Errorf("got %+v %v", v, err)
	}
	var bad *RequestError
	if _, err := op.Decode(r, params, b.Bytes()[:20]); !errors.As(err, &bad) || bad.Status != 400 {
		t.Errorf("half a body: %v", err)
	}
}

func TestMembers(t *testing.T) {
	s := compile(t, "organizations", (*organizations.Client)(nil))
	op := s.Operation("ListAccounts")
	in := &organizations.ListAccountsInput{NextToken: aws.String("x")}
	m := op.Members(in)
	if m.String("NextToken") != "x" || op.Pages() == nil || op.Mutating() {
		t.Errorf("members %v", m.Names())
	}
	if err := m.Set("NextToken", "y"); err != nil || *in.NextToken != "y" {
		t.Errorf("set %v", err)
	}
	if m.Set("NextToken", 1.5) == nil || m.Set("Nothing", "y") == nil {
		t.Error("a wrong member is set")
	}
	i := compile(t, "iam", (*iam.Client)(nil))
	tags, ok := i.Operation("TagRole").Members(&iam.TagRoleInput{}).Tags()
	if ok || tags != nil {
		t.Errorf("tags %v", tags)
	}
	v, err := i.Operation("TagRole").Decode(form(""), nil, []byte("RoleName=r&Tags.member.1.Key=a&Tags.member.1.Value=b"))
	if err != nil {
		t.Fatal(err)
	}
	if tags, _ := i.Operation("TagRole").Members(v).Tags(); !reflect.DeepEqual(tags, map[string]string{"a": "b"}) {
		t.Errorf("tags %v", tags)
	}
	if token := compile(t, "ram", (*ram.Client)(nil)).Operation("CreateResourceShare").ClientToken(); token != "" {
		t.Errorf("RAM's client token has no mark, got %q", token)
	}
}

func TestPatternClasses(t *testing.T) {
	f := func(pattern, text string, want bool) {
		t.Helper()
		re, err := compilePattern(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			return
		}
		if got := re.MatchString(text); got != want {
			t.Errorf("%s: %q matches %v", pattern, text, got)
		}
	}
	f(`\p{Print}+`, "a policy", true)
	f(`\p{Print}+`, "a\x01", false)
	f(`[\p{Print}]+`, "a policy", true)
	f(`[\p{Alnum}_-]+`, "a_1", true)
	f(`[\p{Alnum}_-]+`, "a b", false)
	f(`\[\p{Alpha}\]`, "[a]", true)
	f(`\p{ASCII}*`, "é", false)
	f(`[\p{L}]+`, "é", true)
}
