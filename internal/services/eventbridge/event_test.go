package eventbridge_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	platformbus "github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func TestPutEvents(t *testing.T) {
	f := open(t)
	url, arn := f.queue("q", false)
	f.rule("default", "r", `{"source":["shop"],"detail":{"n":[{"numeric":[">",1]}]}}`, types.Target{Id: str("1"), Arn: &arn})
	out := f.put(entry("default", "shop", `{"n":2}`), entry("default", "shop", `{"n":1}`), entry("default", "shop", `[]`),
		entry("default", "aws.ec2", `{}`), entry("nowhere", "shop", `{}`))
	var codes []string
	for _, e := range out.Entries {
		codes = append(codes, aws.ToString(e.ErrorCode))
	}
	if got := strings.Join(codes, " "); out.FailedEntryCount != 3 || got != "  MalformedDetail NotAuthorizedForSourceException ResourceNotFoundException" {
		t.Errorf("got %d failed: %q", out.FailedEntryCount, got)
	}
	var e map[string]any
	if err := json.Unmarshal([]byte(*f.arrives(url).Body), &e); err != nil || e["id"] != *out.Entries[0].EventId || e["account"] != f.account ||
		e["detail-type"] != "t" || e["region"] != region || fmt.Sprint(e["detail"]) != "map[n:2]" {
		t.Errorf("got %v %v", e, err)
	}
	f.empty(url)
	_, err := f.DisableRule(f.ctx, &eventbridge.DisableRuleInput{Name: str("r")})
	f.ok(err)
	f.put(entry("default", "shop", `{"n":2}`))
	f.empty(url)
	f.ok(f.st.Update(f.ctx, func(tx *store.Tx) error { // what services have to tell
		return tx.Emit(platformbus.Event{Source: "aws.glue", DetailType: "Crawler", Account: f.account, Region: region, Detail: json.RawMessage(`{"a":1}`)})
	}))
	f.rule("default", "own", `{"source":["aws.glue"]}`, types.Target{Id: str("1"), Arn: &arn, InputPath: str("$.detail")})
	f.ok(f.st.Update(f.ctx, func(tx *store.Tx) error {
		return tx.Emit(platformbus.Event{Source: "aws.glue", DetailType: "Crawler", Account: f.account, Region: region, Detail: json.RawMessage(`{"a":2}`)})
	}))
	if got := *f.arrives(url).Body; got != `{"a":2}` && got != `{"a":1}` {
		t.Errorf("got %s", got)
	}
}

func TestDeadLetter(t *testing.T) {
	f := open(t)
	_, closed := f.queue("closed", true)
	dead, deadARN := f.queue("dead", false)
	dlq := &types.DeadLetterConfig{Arn: &deadARN}
	f.rule("default", "r", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: &closed, DeadLetterConfig: dlq},
		types.Target{Id: str("2"), Arn: str("arn:aws:states:us-east-1:" + f.account + ":stateMachine:f"), DeadLetterConfig: dlq})
	f.put(entry("default", "shop", `{}`))
	codes := map[string]string{}
	for range 2 {
		m := f.arrives(dead)
		codes[*m.MessageAttributes["TARGET_ARN"].StringValue] = *m.MessageAttributes["ERROR_CODE"].StringValue
		if !strings.Contains(*m.Body, `"source":"shop"`) || !strings.HasSuffix(*m.MessageAttributes["RULE_ARN"].StringValue, ":rule/r") {
			t.Errorf("got %s %v", *m.Body, m.MessageAttributes)
		}
	}
	if codes[closed] != "AccessDeniedException" || len(codes) != 2 {
		t.Errorf("got %v", codes)
	}
	// With a role that may, the closed queue opens.
	role := f.role("sender", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}`)
	_, err := f.RemoveTargets(f.ctx, &eventbridge.RemoveTargetsInput{Rule: str("r"), Ids: []string{"1", "2"}})
	f.ok(err)
	_, err = f.PutTargets(f.ctx, &eventbridge.PutTargetsInput{Rule: str("r"), Targets: []types.Target{{Id: str("1"), Arn: &closed, RoleArn: &role}}})
	f.ok(err)
	f.put(entry("default", "shop", `{}`))
	f.arrives("http://x/" + f.account + "/closed")
}

func TestBuses(t *testing.T) {
	f := open(t)
	url, arn := f.queue("q", false)
	made, err := f.CreateEventBus(f.ctx, &eventbridge.CreateEventBusInput{Name: str("orders")})
	f.ok(err)
	_, err = f.CreateEventBus(f.ctx, &eventbridge.CreateEventBusInput{Name: str("orders")})
	f.fails(err, "ResourceAlreadyExistsException")
	f.rule("default", "on", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: made.EventBusArn})
	f.rule("orders", "r", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: &arn, InputTransformer: &types.InputTransformer{
		InputPathsMap: map[string]string{"n": "$.detail.n", "id": "$.detail.list[1]"}, InputTemplate: str(`{"n":<n>,"text":"<id> of <aws.events.rule-name>"}`)}})
	f.put(entry("default", "shop", `{"n":{"a":[1]},"list":["x","y\"z"]}`))
	if got := *f.arrives(url).Body; got != `{"n":{"a":[1]},"text":"y\"z of r"}` {
		t.Errorf("got %s", got)
	}
	// Two buses that send to each other come to an end.
	f.rule("orders", "back", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: str("arn:aws:events:" + region + ":" + f.account + ":event-bus/default")})
	f.put(entry("default", "shop", `{"n":1,"list":["x","y"]}`))
	f.soon("the end", func() bool { n, err := f.desk.Waiting(f.ctx); return err == nil && n == 0 })
	_, err = f.DeleteEventBus(f.ctx, &eventbridge.DeleteEventBusInput{Name: str("orders")})
	f.fails(err, "ValidationException")
	names, err := f.ListRuleNamesByTarget(f.ctx, &eventbridge.ListRuleNamesByTargetInput{TargetArn: made.EventBusArn})
	f.ok(err)
	if fmt.Sprint(names.RuleNames) != "[on]" {
		t.Errorf("got %v", names.RuleNames)
	}
	_, err = f.PutPermission(f.ctx, &eventbridge.PutPermissionInput{EventBusName: str("orders"), Action: str("events:PutEvents"), Principal: str("111122223333"), StatementId: str("s")})
	f.ok(err)
	d, err := f.DescribeEventBus(f.ctx, &eventbridge.DescribeEventBusInput{Name: str("orders")})
	f.ok(err)
	if !strings.Contains(aws.ToString(d.Policy), "111122223333") {
		t.Errorf("policy %v", d.Policy)
	}
	_, err = f.RemovePermission(f.ctx, &eventbridge.RemovePermissionInput{EventBusName: str("orders"), StatementId: str("other")})
	f.fails(err, "ResourceNotFoundException")
}

func TestSchedule(t *testing.T) {
	f := open(t)
	url, arn := f.queue("q", false)
	_, err := f.PutRule(f.ctx, &eventbridge.PutRuleInput{Name: str("every"), ScheduleExpression: str("rate(5 minutes)")})
	f.ok(err)
	_, err = f.PutTargets(f.ctx, &eventbridge.PutTargetsInput{Rule: str("every"), Targets: []types.Target{{Id: str("1"), Arn: &arn, Input: str(`{"x":1}`)}}})
	f.ok(err)
	f.empty(url)
	for range 2 {
		f.clock.Advance(5 * time.Minute)
		f.service.Wake()
		if got := *f.arrives(url).Body; got != `{"x":1}` {
			t.Errorf("got %s", got)
		}
	}
	_, err = f.PutRule(f.ctx, &eventbridge.PutRuleInput{Name: str("bad"), ScheduleExpression: str("rate(5 minute)")})
	f.fails(err, "ValidationException")
	_, err = f.PutRule(f.ctx, &eventbridge.PutRuleInput{Name: str("bad"), EventPattern: str(`{"a":1}`)})
	f.fails(err, "InvalidEventPatternException")
}

func TestArchiveAndReplay(t *testing.T) {
	f := open(t)
	bus := "arn:aws:events:" + region + ":" + f.account + ":event-bus/default"
	_, err := f.CreateArchive(f.ctx, &eventbridge.CreateArchiveInput{ArchiveName: str("a"), EventSourceArn: &bus, EventPattern: str(`{"source":["shop"]}`)})
	f.ok(err)
	begun := f.clock.Now()
	f.put(entry("default", "shop", `{"n":1}`), entry("default", "shop", `{"n":2}`), entry("default", "bakery", `{"n":3}`))
	d, err := f.DescribeArchive(f.ctx, &eventbridge.DescribeArchiveInput{ArchiveName: str("a")})
	f.ok(err)
	if d.EventCount != 2 || d.SizeBytes == 0 {
		t.Errorf("archive %+v", d)
	}
	url, arn := f.queue("q", false)
	f.rule("default", "r", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: &arn, InputPath: str("$.detail")})
	_, err = f.StartReplay(f.ctx, &eventbridge.StartReplayInput{ReplayName: str("again"), EventSourceArn: d.ArchiveArn, EventStartTime: aws.Time(begun.Add(-time.Minute)),
		EventEndTime: aws.Time(begun.Add(time.Minute)), Destination: &types.ReplayDestination{Arn: &bus}})
	f.ok(err)
	if got := f.all(url, 2); fmt.Sprint(got) != `[{"n":1} {"n":2}]` {
		t.Errorf("got %v", got)
	}
	f.soon("the end of the replay", func() bool {
		r, err := f.DescribeReplay(f.ctx, &eventbridge.DescribeReplayInput{ReplayName: str("again")})
		return err == nil && r.State == types.ReplayStateCompleted
	})
	f.empty(url)
	if d, err = f.DescribeArchive(f.ctx, &eventbridge.DescribeArchiveInput{ArchiveName: str("a")}); err != nil || d.EventCount != 2 {
		t.Errorf("replayed events are not kept again: %+v %v", d, err)
	}
	_, err = f.DeleteArchive(f.ctx, &eventbridge.DeleteArchiveInput{ArchiveName: str("a")})
	f.ok(err)
}

func TestAPIDestination(t *testing.T) {
	f := open(t)
	type call struct{ path, key, other, body string }
	calls := make(chan call, 10)
	failing := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failing {
			failing = false
			w.WriteHeader(503)
			return
		}
		b, _ := io.ReadAll(r.Body)
		calls <- call{r.URL.String(), r.Header.Get("X-Key"), r.Header.Get("X-Other"), string(b)}
	}))
	defer server.Close()
	c, err := f.CreateConnection(f.ctx, &eventbridge.CreateConnectionInput{Name: str("c"), AuthorizationType: types.ConnectionAuthorizationTypeApiKey,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			ApiKeyAuthParameters:     &types.CreateConnectionApiKeyAuthRequestParameters{ApiKeyName: str("X-Key"), ApiKeyValue: str("secret")},
			InvocationHttpParameters: &types.ConnectionHttpParameters{BodyParameters: []types.ConnectionBodyParameter{{Key: str("added"), Value: str("v"), IsValueSecret: true}}}}})
	f.ok(err)
	shown, err := f.DescribeConnection(f.ctx, &eventbridge.DescribeConnectionInput{Name: str("c")})
	f.ok(err)
	if text, _ := json.Marshal(shown); strings.Contains(string(text), "secret\"") || shown.AuthParameters.InvocationHttpParameters.BodyParameters[0].Value != nil {
		t.Errorf("a secret is shown: %s", text)
	}
	d, err := f.CreateApiDestination(f.ctx, &eventbridge.CreateApiDestinationInput{Name: str("d"), ConnectionArn: c.ConnectionArn, HttpMethod: "POST",
		InvocationEndpoint: str(server.URL + "/in/*")})
	f.ok(err)
	role := f.role("caller", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:InvokeApiDestination","Resource":"*"}]}`)
	f.rule("default", "r", `{"source":["shop"]}`, types.Target{Id: str("1"), Arn: d.ApiDestinationArn, RoleArn: &role, InputPath: str("$.detail"),
		HttpParameters: &types.HttpParameters{PathParameterValues: []string{"a b"}, HeaderParameters: map[string]string{"X-Other": "o"}, QueryStringParameters: map[string]string{"q": "1"}}})
	f.put(entry("default", "shop", `{"n":1}`))
	f.soon("the first attempt", func() bool { return !failing })
	f.soon("the second attempt", func() bool { f.clock.Advance(time.Second); f.desk.Wake(); return len(calls) == 1 })
	if got := <-calls; got != (call{"/in/a%20b?q=1", "secret", "o", `{"added":"v","n":1}`}) {
		t.Errorf("got %+v", got)
	}
}
