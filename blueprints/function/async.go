package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
)

// Folders of the bucket, as the blueprint lays it out.
const (
	asyncInput    = "inference/async/input/"
	asyncRequests = "inference/async/requests/"
	batchInput    = "inference/batch/input/"
	batchOutput   = "inference/batch/output/"
	batchJobs     = "inference/batch/jobs/"
)

// largestAnswer is the largest result that the API returns itself, in bytes: Lambda takes 6 MB, in base64.
const largestAnswer = 4 << 20

// async answers the API of the asynchronous blueprint.
type async struct {
	files     store
	endpoint  string
	runtime   *sagemakerruntime.Client
	sagemaker *sagemaker.Client
}

func newAsync(cfg aws.Config, files store, env func(string) string) *async {
	return &async{files, env("ENDPOINT_NAME"), sagemakerruntime.NewFromConfig(cfg), sagemaker.NewFromConfig(cfg)}
}

func (a *async) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var in events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	var out any
	var err error
	switch id := in.PathParameters["id"]; in.RouteKey {
	case "POST /invoke-async":
		out, err = a.submit(ctx, in)
	case "GET /invocations/{id}":
		out, err = a.invocation(ctx, id)
	case "GET /invocations/{id}/result":
		out, err = a.result(ctx, id)
	case "GET /status":
		out, err = a.status(ctx)
	default:
		err = missing("there is no route %s", in.RouteKey)
	}
	if err != nil {
		return failed(err)
	}
	return out, nil
}

// invocation is one as clients see it. What was asked and what came of it are two notes, as the end may be told before the beginning is
// written down.
type invocation struct {
	ID       string     `json:"inference_id"`
	Status   string     `json:"status"`
	Input    string     `json:"input_path"`
	Output   string     `json:"output_path,omitempty"`
	Failure  string     `json:"failure_path,omitempty"`
	Reason   string     `json:"failure_reason,omitempty"`
	Bytes    *int64     `json:"bytes,omitempty"`
	Received *time.Time `json:"received,omitempty"`
	Ended    *time.Time `json:"ended,omitempty"`
}

func requestNote(id string) string { return asyncRequests + id + ".json" }
func endNote(id string) string     { return asyncRequests + id + ".ended.json" }

var identifier = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)

func (a *async) submit(ctx context.Context, in events.APIGatewayV2HTTPRequest) (any, error) {
	var r struct {
		Input       string `json:"input_path"`
		ContentType string `json:"content_type"`
		Accept      string `json:"accept"`
		ID          string `json:"inference_id"`
		Timeout     int32  `json:"timeout_seconds"`
	}
	if err := read(in, &r); err != nil {
		return nil, err
	}
	key, err := a.files.below(r.Input, asyncInput)
	if err != nil {
		return nil, err
	}
	if r.ID != "" && !identifier.MatchString(r.ID) {
		return nil, wrong("inference_id must be 1 to 64 letters, digits and hyphens")
	}
	if _, err := a.files.size(ctx, key); errors.Is(err, errAbsent) {
		return nil, wrong("there is no object %s: upload it first", r.Input)
	} else if err != nil {
		return nil, err
	}
	call := &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: &a.endpoint, InputLocation: &r.Input, ContentType: aws.String(contentType(r.ContentType, key))}
	if r.Accept != "" {
		call.Accept = &r.Accept
	}
	if r.ID != "" {
		call.InferenceId = &r.ID
	}
	if r.Timeout != 0 {
		call.InvocationTimeoutSeconds = &r.Timeout
	}
	out, err := a.runtime.InvokeEndpointAsync(ctx, call)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	i := invocation{ID: aws.ToString(out.InferenceId), Status: "InProgress", Input: r.Input, Output: aws.ToString(out.OutputLocation), Failure: aws.ToString(out.FailureLocation), Received: &now}
	if err := a.files.keep(ctx, requestNote(i.ID), i); err != nil {
		return nil, err
	}
	return answer(http.StatusAccepted, i)
}

func (a *async) find(ctx context.Context, id string) (i invocation, err error) {
	if !identifier.MatchString(id) {
		return i, missing("there is no invocation %q", id)
	}
	begun := a.files.recall(ctx, requestNote(id), &i)
	if begun != nil && !errors.Is(begun, errAbsent) {
		return i, begun
	}
	switch err := a.files.recall(ctx, endNote(id), &i); {
	case errors.Is(err, errAbsent):
		if begun != nil {
			return i, missing("there is no invocation %q", id)
		}
	case err != nil:
		return i, err
	}
	return i, nil
}

func (a *async) invocation(ctx context.Context, id string) (any, error) {
	i, err := a.find(ctx, id)
	if err != nil {
		return nil, err
	}
	return answer(http.StatusOK, i)
}

func (a *async) result(ctx context.Context, id string) (any, error) {
	i, err := a.find(ctx, id)
	if err != nil {
		return nil, err
	}
	from := i.Output
	switch i.Status {
	case "Completed":
	case "Failed":
		return answer(http.StatusBadGateway, i)
	default:
		return answer(http.StatusAccepted, i)
	}
	_, key, _ := place(from)
	b, kind, err := a.files.get(ctx, key, largestAnswer)
	if errors.Is(err, errAbsent) {
		return nil, missing("the result %s is not there any more", from)
	}
	if err != nil {
		return nil, err
	}
	if len(b) > largestAnswer {
		return nil, told{http.StatusRequestEntityTooLarge, "the result is large: download " + from}
	}
	return raw(kind, b), nil
}

func (a *async) status(ctx context.Context) (any, error) {
	out, err := a.sagemaker.DescribeEndpoint(ctx, &sagemaker.DescribeEndpointInput{EndpointName: &a.endpoint})
	if err != nil {
		return nil, err
	}
	s := map[string]any{"endpoint_name": a.endpoint, "status": string(out.EndpointStatus)}
	for _, v := range out.ProductionVariants {
		s["instances"] = aws.ToInt32(v.CurrentInstanceCount)
	}
	return answer(http.StatusOK, s)
}
