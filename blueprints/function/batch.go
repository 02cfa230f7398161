package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	smtypes "github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// batch starts jobs over datasets and tells of them, for the API and for the schedule.
type batch struct {
	files                      store
	source, prefix             string
	model, instance            string // of a transform
	instances                  int32
	foundation, role, template string // of a job of Bedrock
	field                      string
	maxTokens                  int32
	sagemaker                  *sagemaker.Client
	bedrock                    *bedrock.Client
}

func newBatch(cfg aws.Config, files store, env func(string) string) *batch {
	number := func(name string) int32 { n, _ := strconv.ParseInt(env(name), 10, 32); return int32(n) }
	return &batch{files: files, source: env("MODEL_SOURCE"), prefix: env("JOB_PREFIX"), model: env("MODEL_NAME"), instance: env("INSTANCE_TYPE"), instances: number("INSTANCE_COUNT"),
		foundation: env("BEDROCK_MODEL_ID"), role: env("BEDROCK_ROLE_ARN"), template: env("BEDROCK_PROMPT_TEMPLATE"), field: env("TEXT_FIELD"), maxTokens: number("BEDROCK_MAX_TOKENS"),
		sagemaker: sagemaker.NewFromConfig(cfg), bedrock: bedrock.NewFromConfig(cfg)}
}

// start is what a client asks for.
type start struct {
	Input       string `json:"input"` // an object, or a folder that ends with /
	ContentType string `json:"content_type"`
	Accept      string `json:"accept"`
	Split       string `json:"split"`    // Line (default) or None
	Join        *bool  `json:"join"`     // input beside output; true when split
	Strategy    string `json:"strategy"` // MultiRecord (default) or SingleRecord
	Concurrency *int32 `json:"max_concurrent"`
	PayloadMB   *int32 `json:"max_payload_mb"`
}

// job is one as clients see it. Its beginning and its end are two notes below batchJobs.
type job struct {
	Name    string     `json:"job_name"`
	ARN     string     `json:"job_arn,omitempty"`
	Status  string     `json:"status"`
	Input   string     `json:"input,omitempty"`
	Output  string     `json:"output_path,omitempty"`
	Outputs []produced `json:"outputs,omitempty"`
	Records *int       `json:"records,omitempty"`
	Reason  string     `json:"failure_reason,omitempty"`
	Started *time.Time `json:"started,omitempty"`
	Ended   *time.Time `json:"ended,omitempty"`
}

// produced is a file that a job wrote.
type produced struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Records *int   `json:"records,omitempty"`
}

func jobNote(name string) string    { return batchJobs + name + "/job.json" }
func jobEndNote(name string) string { return batchJobs + name + "/ended.json" }

func (b *batch) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var in events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	var out any
	var err error
	switch in.RouteKey {
	case "": // a schedule
		var s start
		if err := json.Unmarshal(event, &s); err != nil {
			return nil, err
		}
		return b.begin(ctx, s)
	case "POST /start-batch-job":
		var s start
		var j job
		if err = read(in, &s); err == nil {
			j, err = b.begin(ctx, s)
		}
		if err == nil {
			out, err = answer(http.StatusAccepted, j)
		}
	case "GET /batch-jobs/{name}":
		out, err = b.look(ctx, in.PathParameters["name"])
	default:
		err = missing("there is no route %s", in.RouteKey)
	}
	if err != nil {
		return failed(err)
	}
	return out, nil
}

func (b *batch) begin(ctx context.Context, s start) (job, error) {
	key, err := b.files.below(s.Input, batchInput)
	if err != nil {
		return job{}, err
	}
	found, err := b.files.list(ctx, key)
	if err != nil {
		return job{}, err
	}
	if len(found) == 0 {
		return job{}, wrong("there is nothing at %s: upload it first", s.Input)
	}
	var tail [3]byte
	if _, err := rand.Read(tail[:]); err != nil {
		return job{}, err
	}
	now := time.Now().UTC()
	j := job{Name: b.prefix + "-" + now.Format("20060102-150405") + "-" + hex.EncodeToString(tail[:]), Input: s.Input, Status: "InProgress", Started: &now}
	j.Output = b.files.uri(batchOutput + j.Name + "/")
	if b.source == "bedrock" {
		err = b.invoke(ctx, s, found, &j)
	} else {
		err = b.transform(ctx, s, key, &j)
	}
	if err != nil {
		return j, err
	}
	return j, b.files.keep(ctx, jobNote(j.Name), j)
}

// transform starts a batch transform.
func (b *batch) transform(ctx context.Context, s start, key string, j *job) error {
	kind := s.ContentType
	if kind == "" && strings.HasSuffix(key, "/") {
		kind = "application/jsonlines"
	}
	kind = contentType(kind, key)
	in := &sagemaker.CreateTransformJobInput{TransformJobName: &j.Name, ModelName: &b.model, MaxConcurrentTransforms: s.Concurrency, MaxPayloadInMB: s.PayloadMB,
		TransformInput: &smtypes.TransformInput{ContentType: &kind, SplitType: smtypes.SplitTypeLine,
			DataSource: &smtypes.TransformDataSource{S3DataSource: &smtypes.TransformS3DataSource{S3DataType: smtypes.S3DataTypeS3Prefix, S3Uri: &s.Input}}},
		TransformOutput:    &smtypes.TransformOutput{S3OutputPath: &j.Output, AssembleWith: smtypes.AssemblyTypeLine, Accept: &kind},
		TransformResources: &smtypes.TransformResources{InstanceType: smtypes.TransformInstanceType(b.instance), InstanceCount: &b.instances},
		BatchStrategy:      smtypes.BatchStrategyMultiRecord}
	if s.Accept != "" {
		in.TransformOutput.Accept = &s.Accept
	}
	if s.Split == "None" || s.Split == "" && kind != "application/jsonlines" && kind != "text/csv" {
		in.TransformInput.SplitType, in.TransformOutput.AssembleWith = smtypes.SplitTypeNone, smtypes.AssemblyTypeNone
		in.BatchStrategy = smtypes.BatchStrategySingleRecord
		if s.Accept == "" {
			in.TransformOutput.Accept = nil
		}
	}
	if s.Strategy != "" {
		in.BatchStrategy = smtypes.BatchStrategy(s.Strategy)
	}
	if s.Join == nil && in.TransformInput.SplitType == smtypes.SplitTypeLine || s.Join != nil && *s.Join {
		in.DataProcessing = &smtypes.DataProcessing{JoinSource: smtypes.JoinSourceInput}
	}
	out, err := b.sagemaker.CreateTransformJob(ctx, in)
	if err == nil {
		j.ARN = aws.ToString(out.TransformJobArn)
	}
	return err
}

func (b *batch) look(ctx context.Context, name string) (any, error) {
	if !strings.HasPrefix(name, b.prefix+"-") || !identifier.MatchString(name) {
		return nil, missing("there is no job %q", name)
	}
	var j job
	if err := b.files.recall(ctx, jobNote(name), &j); errors.Is(err, errAbsent) {
		return nil, missing("there is no job %q", name)
	} else if err != nil {
		return nil, err
	}
	switch err := b.files.recall(ctx, jobEndNote(name), &j); {
	case err == nil:
		return answer(http.StatusOK, j)
	case !errors.Is(err, errAbsent):
		return nil, err
	}
	if err := b.now(ctx, &j); err != nil {
		return nil, err
	}
	return answer(http.StatusOK, j)
}

// now asks for a job's status.
func (b *batch) now(ctx context.Context, j *job) error {
	if b.source == "bedrock" {
		out, err := b.bedrock.GetModelInvocationJob(ctx, &bedrock.GetModelInvocationJobInput{JobIdentifier: &j.ARN})
		if err != nil {
			return err
		}
		j.Status, j.Reason = string(out.Status), aws.ToString(out.Message)
		return nil
	}
	out, err := b.sagemaker.DescribeTransformJob(ctx, &sagemaker.DescribeTransformJobInput{TransformJobName: &j.Name})
	if err != nil {
		return err
	}
	j.Status, j.Reason = string(out.TransformJobStatus), aws.ToString(out.FailureReason)
	return nil
}
