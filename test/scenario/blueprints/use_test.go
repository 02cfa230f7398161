package blueprints

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/atelier-studio/atelier/internal/blueprint"
)

// use uses a stack through its API, as its sequence diagram says.
func (s *stage) use(kind string, stack *blueprint.Stack) {
	s.Helper()
	if status := s.unsigned(stack.Outputs["ApiUrl"] + "/status"); status != http.StatusForbidden && kind != "batch" {
		s.Errorf("without a signature the API answers %d", status)
	}
	switch kind {
	case "async":
		s.useAsync(stack)
	case "batch":
		s.useBatch(stack)
	default:
		s.useNow(stack)
	}
}

func question(stack *blueprint.Stack) map[string]any {
	if stack.Parameters["ModelSource"] == "bedrock" {
		return map[string]any{"inputs": []string{"The capital of France is", "Tea is"}, "parameters": map[string]any{"max_new_tokens": 4}}
	}
	return map[string]any{"instances": []string{"i love this kettle , it boils fast", "what an awful tea , dusty and dull"}}
}

// judge wants one answer for each question.
func (s *stage) judge(stack *blueprint.Stack, body string) {
	s.Helper()
	var list []struct {
		Label []string `json:"label"`
		Text  *string  `json:"generated_text"`
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != 2 {
		s.Fatalf("the model answers %s: %v", body, err)
	}
	for i, a := range list {
		if stack.Parameters["ModelSource"] == "bedrock" {
			if a.Text == nil || *a.Text == "" {
				s.Errorf("the model answers %s", body)
			}
		} else if want := []string{"__label__positive", "__label__negative"}[i]; len(a.Label) != 1 || a.Label[0] != want {
			s.Errorf("the model answers %s, want %s at %d", body, want, i)
		}
	}
}

func (s *stage) useNow(stack *blueprint.Stack) {
	s.Helper()
	s.judge(stack, s.call(stack, http.StatusOK, "POST", "/invoke", question(stack), nil))
	if out := s.call(stack, http.StatusOK, "GET", "/status", nil, nil); !strings.Contains(out, "InService") {
		s.Errorf("status: %s", out)
	}
	s.call(stack, http.StatusBadRequest, "POST", "/invoke", []int{1}, nil)
	s.call(stack, http.StatusNotFound, "GET", "/nothing", nil, nil)
}

// useAsync follows the diagram of asynchronous inference, arrow by arrow.
func (s *stage) useAsync(stack *blueprint.Stack) {
	s.Helper()
	out := stack.Outputs
	completed, results := s.hear(out["CompletionTopicArn"], stack.Name+"-completed"), s.hear(out["ResultTopicArn"], stack.Name+"-results")
	body, err := json.Marshal(question(stack))
	s.ok(err)
	s.put(out["BucketName"], "inference/async/input/request-123.json", body) // 1. upload
	input := out["InputPath"] + "request-123.json"
	var asked, told struct {
		ID     string          `json:"inference_id"`
		Status string          `json:"status"`
		Input  string          `json:"input_path"`
		Output string          `json:"output_path"`
		Result json.RawMessage `json:"result"`
	}
	s.call(stack, http.StatusAccepted, "POST", "/invoke-async", map[string]string{"input_path": input}, &asked) // 2. POST, 3. InvokeEndpointAsync
	if asked.ID == "" || !strings.HasPrefix(asked.Output, out["OutputPath"]) || asked.Input != input {
		s.Fatalf("the API answers %+v", asked)
	}
	var note struct {
		Event    string                          `json:"eventName"`
		ID       string                          `json:"inferenceId"`
		Status   string                          `json:"invocationStatus"`
		Request  struct{ InputLocation string }  `json:"requestParameters"`
		Response struct{ OutputLocation string } `json:"responseParameters"`
	}
	s.message(completed, func(m string) bool { // 4. read, 5., 6. process, 7. write, 8. publish
		return json.Unmarshal([]byte(m), &note) == nil && note.Event == "InferenceResult" && note.ID == asked.ID
	})
	if note.Status != "Completed" || note.Request.InputLocation != input || note.Response.OutputLocation != asked.Output {
		s.Errorf("the endpoint tells %+v", note)
	}
	written := s.get(asked.Output)
	s.judge(stack, written)
	s.message(results, func(m string) bool { return json.Unmarshal([]byte(m), &told) == nil && told.ID == asked.ID }) // 9. callback, 10. download, 11. send
	if told.Status != "Completed" || told.Output != asked.Output {
		s.Errorf("the callback tells %+v", told)
	}
	s.judge(stack, string(told.Result))
	s.call(stack, http.StatusOK, "GET", "/invocations/"+asked.ID, nil, &told)
	if told.Status != "Completed" {
		s.Errorf("the API tells %+v", told)
	}
	if got := s.call(stack, http.StatusOK, "GET", "/invocations/"+asked.ID+"/result", nil, nil); got != written { // 12. download
		s.Errorf("the result is %s, was written as %s", got, written)
	}
	s.call(stack, http.StatusBadRequest, "POST", "/invoke-async", map[string]string{"input_path": out["InputPath"] + "nothing.json"}, nil)
	s.call(stack, http.StatusBadRequest, "POST", "/invoke-async", map[string]string{"input_path": "s3://made-before/function.zip"}, nil)
	s.call(stack, http.StatusNotFound, "GET", "/invocations/none", nil, nil)
}

// useBatch follows the diagram of batch inference, arrow by arrow.
func (s *stage) useBatch(stack *blueprint.Stack) {
	s.Helper()
	out, bedrock := stack.Outputs, stack.Parameters["ModelSource"] == "bedrock"
	heard := s.hear(out["JobTopicArn"], stack.Name+"-jobs")
	events, arn := s.queue(stack.Name + "-events")
	bus := eventbridge.NewFromConfig(s.who.Config())
	_, err := bus.PutRule(s.Context(), &eventbridge.PutRuleInput{Name: aws.String(stack.Name + "-seen"), EventPattern: aws.String(`{"source":["aws.sagemaker","aws.bedrock"]}`)})
	s.ok(err)
	_, err = bus.PutTargets(s.Context(), &eventbridge.PutTargetsInput{Rule: aws.String(stack.Name + "-seen"), Targets: []eventtypes.Target{{Id: aws.String("q"), Arn: &arn}}})
	s.ok(err)
	const n = 6
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "{\"id\":%d,\"source\":\"i love this kettle , it boils fast\"}\n", i)
	}
	s.put(out["BucketName"], "inference/batch/input/reviews-20250101.jsonl", []byte(lines.String())) // 1. upload
	var started, ended struct {
		Name    string `json:"job_name"`
		Status  string `json:"status"`
		Output  string `json:"output_path"`
		Records *int   `json:"records"`
		Outputs []struct {
			Path    string `json:"path"`
			Records *int   `json:"records"`
		} `json:"outputs"`
	}
	s.call(stack, http.StatusAccepted, "POST", "/start-batch-job", map[string]string{"input": out["InputPath"] + "reviews-20250101.jsonl"}, &started) // 2. POST
	name := map[bool]string{false: "CreateTransformJob", true: "CreateModelInvocationJob"}[bedrock]
	s.soon(name, func() bool { // 3. create
		trail, err := cloudtrail.NewFromConfig(s.who.Config()).LookupEvents(s.Context(), &cloudtrail.LookupEventsInput{LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: &name}}})
		s.ok(err)
		for _, e := range trail.Events {
			if strings.Contains(aws.ToString(e.CloudTrailEvent), started.Name) {
				return true
			}
		}
		return false
	})
	s.message(events, func(m string) bool { // 4. read, 5. process, 6. write, 7. event
		return strings.Contains(m, started.Name) && strings.Contains(m, `"Completed"`)
	})
	s.message(heard, func(m string) bool { return json.Unmarshal([]byte(m), &ended) == nil && ended.Name == started.Name }) // 8. trigger, 9. notify
	if ended.Status != "Completed" || ended.Records == nil || *ended.Records != n || ended.Output != started.Output {
		s.Fatalf("the next step tells %+v", ended)
	}
	read := 0
	for _, o := range ended.Outputs { // 10. download
		if !strings.HasSuffix(o.Path, "jsonl.out") {
			continue
		}
		for line := range strings.Lines(s.get(o.Path)) {
			var l struct {
				ID     int                      `json:"id"`
				Model  json.RawMessage          `json:"modelOutput"`
				Output struct{ Label []string } `json:"SageMakerOutput"`
			}
			if err := json.Unmarshal([]byte(line), &l); err != nil || !bedrock && (l.ID != read || len(l.Output.Label) != 1 || l.Output.Label[0] != "__label__positive") || bedrock && len(l.Model) == 0 {
				s.Errorf("line %d is %s: %v", read, line, err)
			}
			read++
		}
	}
	if read != n {
		s.Errorf("%d lines of %d: %+v", read, n, ended)
	}
	s.call(stack, http.StatusOK, "GET", "/batch-jobs/"+started.Name, nil, &ended)
	s.call(stack, http.StatusNotFound, "GET", "/batch-jobs/none", nil, nil)
	s.call(stack, http.StatusBadRequest, "POST", "/start-batch-job", map[string]string{"input": out["InputPath"] + "none/"}, nil)
	_, err = bus.RemoveTargets(s.Context(), &eventbridge.RemoveTargetsInput{Rule: aws.String(stack.Name + "-seen"), Ids: []string{"q"}})
	s.ok(err)
	_, err = bus.DeleteRule(s.Context(), &eventbridge.DeleteRuleInput{Name: aws.String(stack.Name + "-seen")})
	s.ok(err)
}
