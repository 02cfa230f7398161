package bedrockruntime

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func later(id, uri string, input map[string]any) *bedrockruntime.StartAsyncInvokeInput {
	return &bedrockruntime.StartAsyncInvokeInput{ModelId: &id, ModelInput: document.NewLazyDocument(input),
		OutputDataConfig: &types.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig{Value: types.AsyncInvokeS3OutputDataConfig{S3Uri: &uri}}}
}

// ended waits for the end of an invocation.
func ended(t testing.TB, c *bedrockruntime.Client, arn string) *bedrockruntime.GetAsyncInvokeOutput {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		out, err := c.GetAsyncInvoke(context.Background(), &bedrockruntime.GetAsyncInvokeInput{InvocationArn: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if out.Status != types.AsyncInvokeStatusInProgress {
			return out
		}
		if time.Now().After(deadline) {
			t.Fatal("the invocation does not end")
		}
	}
}

func TestAsynchronousInvocations(t *testing.T) {
	s := start(t, "")
	who := harness.Must(s.Admin(t.Context()))(t)
	c, objects := bedrockruntime.NewFromConfig(who.Config()), who.S3()
	if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("later")}); err != nil {
		t.Fatal(err)
	}
	in := later(llama, "s3://later/out/", map[string]any{"prompt": "Once upon a time", "max_gen_len": 4, "temperature": 0})
	in.ClientRequestToken, in.Tags = aws.String("one"), []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}
	made, err := c.StartAsyncInvoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.StartAsyncInvoke(t.Context(), in)
	if err != nil || *again.InvocationArn != *made.InvocationArn {
		t.Errorf("again: %v %v", again, err)
	}
	done := ended(t, c, *made.InvocationArn)
	if done.Status != types.AsyncInvokeStatusCompleted || done.EndTime == nil || *done.ClientRequestToken != "one" || !strings.HasSuffix(*done.ModelArn, ":foundation-model/"+llama) {
		t.Errorf("%s: %s", done.Status, aws.ToString(done.FailureMessage))
	}
	id := (*made.InvocationArn)[strings.LastIndexByte(*made.InvocationArn, '/')+1:]
	for name, member := range map[string]string{"output.json": "generation", "manifest.json": "invocationId"} {
		out, err := objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("later"), Key: aws.String("out/" + id + "/" + name)})
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.NewDecoder(out.Body).Decode(&v); err != nil || v[member] == nil {
			t.Errorf("%s: %v %v", name, v, err)
		}
		_ = out.Body.Close()
	}
	tags, err := bedrock.NewFromConfig(who.Config()).ListTagsForResource(t.Context(), &bedrock.ListTagsForResourceInput{ResourceARN: made.InvocationArn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "a" {
		t.Errorf("%+v %v", tags, err)
	}

	in = later(llama, "s3://later/out/", map[string]any{"prompt": "x", "max_gen_len": 4, "temperature": 0})
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}
	in.ClientRequestToken = aws.String("one")
	_, err = c.StartAsyncInvoke(t.Context(), in)
	tells(t, err, "ConflictException", "token")
	_, err = c.StartAsyncInvoke(t.Context(), later(llama, "s3://later", map[string]any{"inputText": "of another family"}))
	tells(t, err, "ValidationException", "required key [prompt]")
	_, err = c.StartAsyncInvoke(t.Context(), later("no.such-model-v1:0", "s3://later", map[string]any{}))
	tells(t, err, "ValidationException", "model identifier is invalid")
	_, err = c.GetAsyncInvoke(t.Context(), &bedrockruntime.GetAsyncInvokeInput{InvocationArn: aws.String("arn:aws:bedrock:us-east-1:" + who.Account + ":async-invoke/abcdefghijkl")})
	tells(t, err, "ValidationException", "does not exist")
	lost, err := c.StartAsyncInvoke(t.Context(), later(llama, "s3://nobody-has-this", map[string]any{"prompt": "x", "max_gen_len": 1}))
	if err != nil {
		t.Fatal(err)
	}
	if done := ended(t, c, *lost.InvocationArn); done.Status != types.AsyncInvokeStatusFailed || !strings.Contains(aws.ToString(done.FailureMessage), "NoSuchBucket") {
		t.Errorf("%s: %s", done.Status, aws.ToString(done.FailureMessage))
	}

	// Who may ask the model and not write: the answer has no place.
	reader := harness.Must(s.User(t.Context(), who, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"bedrock:*","Resource":"*"}]}`))(t)
	r := bedrockruntime.NewFromConfig(reader.Config())
	denied, err := r.StartAsyncInvoke(t.Context(), later(llama, "s3://later/no", map[string]any{"prompt": "x", "max_gen_len": 1}))
	if err != nil {
		t.Fatal(err)
	}
	if done := ended(t, r, *denied.InvocationArn); done.Status != types.AsyncInvokeStatusFailed || !strings.Contains(aws.ToString(done.FailureMessage), "AccessDenied") {
		t.Errorf("%s: %s", done.Status, aws.ToString(done.FailureMessage))
	}
	nobody := harness.Must(s.User(t.Context(), who, "nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"bedrock:GetAsyncInvoke","Resource":"*"}]}`))(t)
	_, err = bedrockruntime.NewFromConfig(nobody.Config()).StartAsyncInvoke(t.Context(), later(llama, "s3://later/no", map[string]any{"prompt": "x"}))
	tells(t, err, "AccessDeniedException", "bedrock:InvokeModel")

	page, err := c.ListAsyncInvokes(t.Context(), &bedrockruntime.ListAsyncInvokesInput{MaxResults: aws.Int32(2), SortOrder: types.SortOrderAscending})
	if err != nil || len(page.AsyncInvokeSummaries) != 2 || *page.AsyncInvokeSummaries[0].InvocationArn != *made.InvocationArn || page.NextToken == nil {
		t.Errorf("%+v %v", page, err)
	}
	failed, err := c.ListAsyncInvokes(t.Context(), &bedrockruntime.ListAsyncInvokesInput{StatusEquals: types.AsyncInvokeStatusFailed})
	if err != nil || len(failed.AsyncInvokeSummaries) != 2 || *failed.AsyncInvokeSummaries[0].InvocationArn != *denied.InvocationArn {
		t.Errorf("%+v %v", failed, err)
	}
}

// TestAnAsynchronousInvocationAfterAKill kills the server while the model thinks: the invocation ends with the next one.
func TestAnAsynchronousInvocationAfterAKill(t *testing.T) {
	u := newUpstream(t)
	u.answer = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	more := "  - {id: \"" + remote + "\", driver: openai, url: \"" + u.URL + "/v1\", model: m, api-key-env: UPSTREAM_KEY, family: llama}\n"
	t.Setenv("UPSTREAM_KEY", upstreamKey)
	o := harness.Options{DataDir: t.TempDir(), Args: []string{"--models", catalog(t, more)}}
	first, err := harness.Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	who := harness.Must(first.Admin(t.Context()))(t)
	if _, err := who.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("later")}); err != nil {
		t.Fatal(err)
	}
	made, err := bedrockruntime.NewFromConfig(who.Config()).StartAsyncInvoke(t.Context(), later(remote, "s3://later/", map[string]any{"prompt": "x"}))
	if err != nil {
		t.Fatal(err)
	}
	<-u.asked
	first.Kill()
	u.answer = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "data: {\"choices\":[{\"text\":\"at last\",\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n")
	}
	second := harness.StartWith(t, o)
	who = second.Caller(who.Key, who.Secret, "")
	if done := ended(t, bedrockruntime.NewFromConfig(who.Config()), *made.InvocationArn); done.Status != types.AsyncInvokeStatusCompleted {
		t.Fatalf("%s: %s", done.Status, aws.ToString(done.FailureMessage))
	}
	id := (*made.InvocationArn)[strings.LastIndexByte(*made.InvocationArn, '/')+1:]
	out, err := who.S3().GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("later"), Key: aws.String(id + "/output.json")})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if b, err := io.ReadAll(out.Body); err != nil || !strings.Contains(string(b), `"generation":"at last"`) {
		t.Errorf("%s %v", b, err)
	}
}

// TestTheTrailOfCalls finds calls of models in CloudTrail, as management events that read, and nothing of what was said.
func TestTheTrailOfCalls(t *testing.T) {
	u, s, c := withUpstream(t)
	u.answer = says("an answer that is secret")
	who := harness.Must(s.Admin(t.Context()))(t)
	const prompt = "a prompt that is secret"
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said(prompt)}); err != nil {
		t.Fatal(err)
	}
	stream, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(remote), Messages: said(prompt)})
	if err != nil {
		t.Fatal(err)
	}
	read(t, stream)
	_, err = c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(llama), Body: []byte(`{"prompt":"` + prompt + `","max_tokens":3}`)})
	tells(t, err, "ValidationException", "extraneous")
	nobody := harness.Must(s.User(t.Context(), who, "nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`))(t)
	_, err = bedrockruntime.NewFromConfig(nobody.Config()).Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said(prompt)})
	tells(t, err, "AccessDeniedException", "")
	out, err := who.CloudTrail().LookupEvents(t.Context(), &cloudtrail.LookupEventsInput{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for _, e := range out.Events {
		if *e.EventSource != "bedrock.amazonaws.com" {
			continue
		}
		text := *e.CloudTrailEvent
		if strings.Contains(text, "secret") || !strings.Contains(text, `"requestParameters":{"modelId":`) || !strings.Contains(text, `"readOnly":true`) || !strings.Contains(text, `"responseElements":null`) {
			t.Errorf("%s: %s", *e.EventName, text)
		}
		found[*e.EventName]++
	}
	if found["Converse"] != 2 || found["ConverseStream"] != 1 || found["InvokeModel"] != 1 {
		t.Errorf("found %v", found)
	}
}
