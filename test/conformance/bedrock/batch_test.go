package bedrock

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// records are a batch over reviews.
func records(t testing.TB, n int, line func(id int, text string) string) string {
	t.Helper()
	var b strings.Builder
	for i, r := range reviews(t, n) {
		b.WriteString(line(i, r) + "\n")
	}
	return b.String()
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func invokeLine(id int, text string) string {
	return fmt.Sprintf(`{"recordId":"R%06d","modelInput":{"prompt":%s,"max_gen_len":2,"temperature":0}}`, id, quoted(text+" This review is"))
}

func converseLine(id int, text string) string {
	return fmt.Sprintf(`{"recordId":"C%06d","modelInput":{"messages":[{"role":"user","content":[{"text":%s}]}],"inferenceConfig":{"maxTokens":2,"temperature":0}}}`, id, quoted(text))
}

func (s stage) start(t testing.TB, name, input string, kind types.ModelInvocationType) string {
	t.Helper()
	out, err := s.CreateModelInvocationJob(context.Background(), &bedrock.CreateModelInvocationJobInput{JobName: &name, ModelId: aws.String(model), RoleArn: &s.role, ModelInvocationType: kind,
		InputDataConfig:  &types.ModelInvocationJobInputDataConfigMemberS3InputDataConfig{Value: types.ModelInvocationJobS3InputDataConfig{S3Uri: aws.String("s3://batch/" + input)}},
		OutputDataConfig: &types.ModelInvocationJobOutputDataConfigMemberS3OutputDataConfig{Value: types.ModelInvocationJobS3OutputDataConfig{S3Uri: aws.String("s3://batch/out/")}}})
	if err != nil {
		t.Fatal(err)
	}
	return *out.JobArn
}

// until waits until a batch is as wanted.
func (s stage) until(t testing.TB, arn string, wanted func(*bedrock.GetModelInvocationJobOutput) bool) *bedrock.GetModelInvocationJobOutput {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := s.GetModelInvocationJob(context.Background(), &bedrock.GetModelInvocationJobInput{JobIdentifier: &arn})
		if err != nil {
			t.Fatal(err)
		}
		if wanted(out) {
			return out
		}
		if time.Now().After(deadline) {
			t.Fatalf("the batch is %s: %s", out.Status, aws.ToString(out.Message))
		}
	}
}

func ended(o *bedrock.GetModelInvocationJobOutput) bool { return o.EndTime != nil }

// line is one of an output file.
type line struct {
	ID     string `json:"recordId"`
	Input  json.RawMessage
	Output json.RawMessage `json:"modelOutput"`
	Error  *struct {
		Code    int    `json:"errorCode"`
		Message string `json:"errorMessage"`
	} `json:"error"`
}

func (s stage) lines(t testing.TB, arn, file string) []line {
	t.Helper()
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	var list []line
	for l := range strings.Lines(s.get(t, "out/"+id+"/"+file+".out")) {
		var x line
		if err := json.Unmarshal([]byte(l), &x); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		list = append(list, x)
	}
	return list
}

// TestBatchOverReviews runs 200 real reviews through SmolLM2, with the server killed in the middle, and a few records that are wrong.
func TestBatchOverReviews(t *testing.T) {
	args, dir := catalog(t), t.TempDir()
	first, err := harness.Launch(harness.Options{DataDir: dir, Args: args})
	if err != nil {
		t.Fatal(err)
	}
	s := set(t, first)
	queue := s.listen(t)
	s.put(t, "in/reviews.jsonl", records(t, 200, invokeLine)+"this is no JSON\n"+`{"recordId":"BAD","modelInput":{"text":"of another family"}}`+"\n"+`{"modelInput":{"prompt":"no id","max_gen_len":1}}`+"\n")
	arn := s.start(t, "reviews", "in/reviews.jsonl", types.ModelInvocationTypeInvokeModel)
	half := s.until(t, arn, func(o *bedrock.GetModelInvocationJobOutput) bool {
		return aws.ToInt64(o.ProcessedRecordCount) > 20 || ended(o)
	})
	if ended(half) {
		t.Fatalf("the batch ended too early to be killed: %s %s", half.Status, aws.ToString(half.Message))
	}
	first.Kill()
	second := harness.StartWith(t, harness.Options{DataDir: dir, Args: args})
	who := second.Caller(s.who.Key, s.who.Secret, "")
	s.Client, s.s3, s.who = bedrock.NewFromConfig(who.Config()), who.S3(), who
	done := s.until(t, arn, ended)
	if done.Status != types.ModelInvocationJobStatusCompleted || *done.TotalRecordCount != 203 || *done.SuccessRecordCount != 201 || *done.ErrorRecordCount != 2 {
		t.Errorf("%s: %d of %d, %d wrong: %s", done.Status, *done.SuccessRecordCount, *done.TotalRecordCount, *done.ErrorRecordCount, aws.ToString(done.Message))
	}
	list := s.lines(t, arn, "reviews.jsonl")
	if len(list) != 203 {
		t.Fatalf("%d lines", len(list))
	}
	for i, l := range list[:200] {
		if l.ID != fmt.Sprintf("R%06d", i) || l.Error != nil || !strings.Contains(string(l.Output), "generation") {
			t.Errorf("line %d: %+v", i, l)
		}
	}
	if list[200].Error == nil || list[201].Error == nil || list[201].Error.Code != 400 || !strings.Contains(list[201].Error.Message, "required key [prompt]") || list[202].ID == "" {
		t.Errorf("the wrong ones: %+v", list[200:])
	}
	var manifest map[string]int
	if err := json.Unmarshal([]byte(s.get(t, "out/"+arn[strings.LastIndexByte(arn, '/')+1:]+"/manifest.json.out")), &manifest); err != nil || manifest["totalRecordCount"] != 203 ||
		manifest["processedRecordCount"] != 203 || manifest["successRecordCount"] != 201 || manifest["errorRecordCount"] != 2 || manifest["outputTokenCount"] < 200 || manifest["inputTokenCount"] < 2000 {
		t.Errorf("manifest %v %v", manifest, err)
	}
	s.heard(t, queue, "Completed")
}

// listen has the batches' events come to a queue.
func (s stage) listen(t testing.TB) string {
	t.Helper()
	ctx := context.Background()
	q := sqs.NewFromConfig(s.who.Config())
	made, err := q.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("events"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`}})
	if err != nil {
		t.Fatal(err)
	}
	e := eventbridge.NewFromConfig(s.who.Config())
	if _, err := e.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("batches"), EventPattern: aws.String(`{"source":["aws.bedrock"],"detail-type":["Batch Inference Job State Change"]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("batches"), Targets: []eventtypes.Target{{Id: aws.String("q"),
		Arn: aws.String("arn:aws:sqs:us-east-1:" + s.who.Account + ":events")}}}); err != nil {
		t.Fatal(err)
	}
	return *made.QueueUrl
}

// heard waits for the event of a status.
func (s stage) heard(t testing.TB, queue, status string) {
	t.Helper()
	q := sqs.NewFromConfig(s.who.Config())
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		out, err := q.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(strings.Replace(queue, hostOf(queue), hostOf(s.url()), 1)), MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			if strings.Contains(*m.Body, `"status":"`+status+`"`) {
				return
			}
		}
	}
	t.Errorf("no event told of %s", status)
}

func (s stage) url() string { return *s.who.Config().BaseEndpoint + "/" }

func hostOf(url string) string { return strings.Split(url, "/")[2] }

// TestBatchesOfFolders runs Converse over two files of a folder, and stops another batch.
func TestBatchesOfFolders(t *testing.T) {
	s := set(t, harness.StartWith(t, harness.Options{Args: catalog(t)}))
	s.put(t, "many/a.jsonl", records(t, 3, converseLine))
	s.put(t, "many/sub/a.jsonl", records(t, 2, converseLine)+`{"recordId":"x","modelInput":{"messages":[]}}`+"\n")
	arn := s.start(t, "folder", "many/", types.ModelInvocationTypeConverse)
	if done := s.until(t, arn, ended); done.Status != types.ModelInvocationJobStatusCompleted || *done.SuccessRecordCount != 5 || *done.ErrorRecordCount != 1 {
		t.Errorf("%s: %+v %s", done.Status, done, aws.ToString(done.Message))
	}
	if a, b := s.lines(t, arn, "a.jsonl"), s.lines(t, arn, "sub/a.jsonl"); len(a) != 3 || len(b) != 3 || !strings.Contains(string(a[0].Output), `"stopReason"`) || b[2].Error == nil {
		t.Errorf("%+v %+v", a, b)
	}
	s.put(t, "in/long.jsonl", records(t, 400, invokeLine))
	arn = s.start(t, "stopped", "in/long.jsonl", "")
	s.until(t, arn, func(o *bedrock.GetModelInvocationJobOutput) bool { return aws.ToInt64(o.ProcessedRecordCount) > 0 })
	if _, err := s.StopModelInvocationJob(t.Context(), &bedrock.StopModelInvocationJobInput{JobIdentifier: &arn}); err != nil {
		t.Fatal(err)
	}
	done := s.until(t, arn, ended)
	if n := len(s.lines(t, arn, "long.jsonl")); done.Status != types.ModelInvocationJobStatusStopped || n == 0 || n >= 400 || int64(n) != *done.ProcessedRecordCount {
		t.Errorf("%s: %d lines of %d", done.Status, n, *done.ProcessedRecordCount)
	}
	_, err := s.StopModelInvocationJob(t.Context(), &bedrock.StopModelInvocationJobInput{JobIdentifier: &arn})
	tells(t, err, "ConflictException")
	arn = s.start(t, "nothing", "nowhere/", "")
	if done := s.until(t, arn, ended); done.Status != types.ModelInvocationJobStatusFailed || !strings.Contains(aws.ToString(done.Message), "0 .jsonl files") {
		t.Errorf("%s: %s", done.Status, aws.ToString(done.Message))
	}
	list, err := s.ListModelInvocationJobs(t.Context(), &bedrock.ListModelInvocationJobsInput{StatusEquals: types.ModelInvocationJobStatusCompleted})
	if err != nil || len(list.InvocationJobSummaries) != 1 || *list.InvocationJobSummaries[0].JobName != "folder" {
		t.Errorf("%+v %v", list, err)
	}
}
