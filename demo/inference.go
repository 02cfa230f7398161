package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

const (
	modelBucket = "models-of-c"
	blazingText = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
	judged      = 10_000 // reviews of the batch; the others are learned from
	sampled     = 24     // reviews of the batch on Bedrock
)

// train has a model learn from the reviews that the batch does not judge.
func (d *demo) train(ctx context.Context, reviews []review) (string, error) {
	if _, err := d.c.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(modelBucket)}); err != nil {
		return "", err
	}
	learned := reviews[judged:]
	var b strings.Builder
	for _, r := range learned {
		fmt.Fprintf(&b, "__label__%s %s\n", label(r), words(r.text))
	}
	if err := d.put(ctx, modelBucket, "train/reviews.txt", b.String()); err != nil {
		return "", err
	}
	role, err := d.c.role(ctx, "trainer", "sagemaker.amazonaws.com", `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:ListBucket"],"Resource":["arn:aws:s3:::`+modelBucket+`","arn:aws:s3:::`+modelBucket+`/*"]}`)
	if err != nil {
		return "", err
	}
	client := sagemaker.NewFromConfig(d.c.config())
	name := aws.String("reviews")
	if _, err := client.CreateTrainingJob(ctx, &sagemaker.CreateTrainingJobInput{TrainingJobName: name, RoleArn: &role,
		AlgorithmSpecification: &types.AlgorithmSpecification{TrainingImage: aws.String(blazingText), TrainingInputMode: types.TrainingInputModeFile},
		HyperParameters:        map[string]string{"mode": "supervised", "epochs": "20", "learning_rate": "0.1", "vector_dim": "50", "word_ngrams": "2", "min_count": "1", "buckets": "200000"},
		InputDataConfig: []types.Channel{{ChannelName: aws.String("train"), DataSource: &types.DataSource{S3DataSource: &types.S3DataSource{S3DataType: types.S3DataTypeS3Prefix,
			S3Uri: aws.String("s3://" + modelBucket + "/train/")}}}},
		OutputDataConfig:  &types.OutputDataConfig{S3OutputPath: aws.String("s3://" + modelBucket + "/out")},
		ResourceConfig:    &types.ResourceConfig{InstanceType: types.TrainingInstanceTypeMlM5Large, InstanceCount: aws.Int32(1), VolumeSizeInGB: aws.Int32(10)},
		StoppingCondition: &types.StoppingCondition{MaxRuntimeInSeconds: aws.Int32(600)}}); err != nil {
		return "", err
	}
	return fmt.Sprintf("BlazingText learned from %d reviews", len(learned)), until(ctx, 2*time.Minute, func() (bool, error) {
		out, err := client.DescribeTrainingJob(ctx, &sagemaker.DescribeTrainingJobInput{TrainingJobName: name})
		if err == nil && out.TrainingJobStatus == types.TrainingJobStatusFailed {
			err = errors.New(aws.ToString(out.FailureReason))
		}
		return err == nil && out.TrainingJobStatus == types.TrainingJobStatusCompleted, err
	})
}

func label(r review) string {
	if r.positive {
		return "positive"
	}
	return "negative"
}

// words are a text as the model reads it: in lower case, punctuation apart.
func words(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer(",", " , ", ".", " . ", "!", " ! ", "?", " ? ", `"`, " ").Replace(strings.ToLower(text))), " ")
}

func (d *demo) put(ctx context.Context, bucket, key, body string) error {
	_, err := d.c.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)})
	return err
}

// blueprint runs a command of the CLI as C.
func (d *demo) blueprint(ctx context.Context, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "bin/atelier", append([]string{"blueprint"}, args...)...)
	c.Env = append(os.Environ(), d.c.environ(d.server.url)...)
	var out, wrong bytes.Buffer
	c.Stdout, c.Stderr = &out, &wrong
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("atelier blueprint %s: %w\n%s%s", args[0], err, out.String(), wrong.String())
	}
	return out.Bytes(), nil
}

// deploy deploys the asynchronous and the batch blueprint.
func (d *demo) deploy(ctx context.Context) (string, error) {
	var told []string
	for _, kind := range []string{"async", "batch"} {
		out, err := d.blueprint(ctx, "deploy", kind, "-p", "ProjectName=demo", "-p", "SageMakerConfigModelArtifactPath=s3://"+modelBucket+"/out/reviews/output/model.tar.gz")
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(out)) {
			if f := strings.Fields(line); len(f) > 3 && (f[0] == "Resources" || f[0] == "Validation") {
				told = append(told, kind+": "+strings.ToLower(f[0])+" "+strings.Join(f[3:min(len(f), 11)], " "))
			}
		}
	}
	return strings.Join(told, "\n"), nil
}

// outputs are a stack's.
func (d *demo) outputs(ctx context.Context, stack string) (out map[string]string, err error) {
	b, err := d.blueprint(ctx, "outputs", stack, "--json")
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(b, &out)
}

// job is what the API tells of a batch job.
type job struct {
	Name    string `json:"job_name"`
	Status  string `json:"status"`
	Reason  string `json:"failure_reason"`
	Records *int   `json:"records"`
	Outputs []struct {
		Path string `json:"path"`
	} `json:"outputs"`
}

// run uploads a dataset, starts a job over it, waits for the news of its end, and opens its output.
func (d *demo) runJob(ctx context.Context, stack, dataset string, limit time.Duration) (io.ReadCloser, time.Duration, error) {
	out, err := d.outputs(ctx, stack)
	if err != nil {
		return nil, 0, err
	}
	news, err := d.listen(ctx, stack, out["JobTopicArn"])
	if err != nil {
		return nil, 0, err
	}
	if err := d.put(ctx, out["BucketName"], "inference/batch/input/reviews.jsonl", dataset); err != nil {
		return nil, 0, err
	}
	begun := time.Now()
	var started, ended job
	if err := d.call(ctx, "POST", out["ApiUrl"]+"/start-batch-job", map[string]string{"input": out["InputPath"] + "reviews.jsonl"}, &started); err != nil {
		return nil, 0, err
	}
	if err := news.wait(ctx, limit, func(message []byte) bool { return json.Unmarshal(message, &ended) == nil && ended.Name == started.Name }); err != nil {
		return nil, 0, err
	}
	took := time.Since(begun)
	if ended.Status != "Completed" {
		return nil, 0, fmt.Errorf("the job %s is %s: %s", ended.Name, ended.Status, ended.Reason)
	}
	for _, o := range ended.Outputs {
		if strings.HasSuffix(o.Path, "jsonl.out") {
			bucket, key, _ := strings.Cut(strings.TrimPrefix(o.Path, "s3://"), "/")
			object, err := d.c.s3().GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
			if err != nil {
				return nil, 0, err
			}
			return object.Body, took, nil
		}
	}
	return nil, 0, fmt.Errorf("the job %s has no output", ended.Name)
}

// dataset are reviews as JSON lines.
func dataset(reviews []review) string {
	var b strings.Builder
	for i, r := range reviews {
		line, err := json.Marshal(map[string]any{"id": i, "source": words(r.text)})
		if err != nil {
			panic(err) // a map of texts
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// batch has 10,000 reviews judged, and compares with what people made of them.
func (d *demo) batch(ctx context.Context, reviews []review) (string, error) {
	out, took, err := d.runJob(ctx, "demo-dev-batch", dataset(reviews[:judged]), 2*time.Minute)
	if err != nil {
		return "", err
	}
	defer out.Close()
	n, right := 0, 0
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for ; lines.Scan(); n++ {
		var l struct {
			ID     int `json:"id"`
			Output struct {
				Label []string `json:"label"`
			} `json:"SageMakerOutput"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.ID != n || len(l.Output.Label) != 1 {
			return "", fmt.Errorf("line %d of the output is %s", n, lines.Text())
		}
		if l.Output.Label[0] == "__label__"+label(reviews[n]) {
			right++
		}
	}
	if lines.Err() != nil || n != judged {
		return "", fmt.Errorf("%d lines of output for %d: %w", n, judged, lines.Err())
	}
	return fmt.Sprintf("%d reviews judged in %.1f s, upload → POST → transform → event → next step → download;\none line each, in order; as people judged them: %.1f %%", n, took.Seconds(), 100*float64(right)/float64(n)), nil
}

// async has a long document judged sentence by sentence, and is called back.
func (d *demo) async(ctx context.Context, sentences []string) (string, error) {
	out, err := d.outputs(ctx, "demo-dev-async")
	if err != nil {
		return "", err
	}
	news, err := d.listen(ctx, "demo-dev-async", out["ResultTopicArn"])
	if err != nil {
		return "", err
	}
	var texts []string
	for _, s := range sentences {
		texts = append(texts, words(s))
	}
	document, err := json.Marshal(map[string]any{"instances": texts})
	if err != nil {
		return "", err
	}
	if err := d.put(ctx, out["BucketName"], "inference/async/input/document.json", string(document)); err != nil {
		return "", err
	}
	begun := time.Now()
	type invocation struct {
		ID     string `json:"inference_id"`
		Status string `json:"status"`
		Reason string `json:"failure_reason"`
		Output string `json:"output_path"`
	}
	var asked, told invocation
	if err := d.call(ctx, "POST", out["ApiUrl"]+"/invoke-async", map[string]string{"input_path": out["InputPath"] + "document.json"}, &asked); err != nil {
		return "", err
	}
	if err := news.wait(ctx, time.Minute, func(message []byte) bool { return json.Unmarshal(message, &told) == nil && told.ID == asked.ID }); err != nil {
		return "", err
	}
	took := time.Since(begun)
	if told.Status != "Completed" {
		return "", fmt.Errorf("the inference is %s: %s", told.Status, told.Reason)
	}
	var answers []struct{ Label []string }
	if err := d.call(ctx, "GET", out["ApiUrl"]+"/invocations/"+asked.ID+"/result", nil, &answers); err != nil {
		return "", err
	}
	positive := 0
	for _, a := range answers {
		if len(a.Label) == 1 && a.Label[0] == "__label__positive" {
			positive++
		}
	}
	if len(answers) != len(sentences) {
		return "", fmt.Errorf("%d answers for %d sentences", len(answers), len(sentences))
	}
	return fmt.Sprintf("a document of %d kB, %d sentences, in %.1f s, upload → POST → endpoint → topic → callback → download;\n%.0f %% of it positive", len(document)/1000, len(answers), took.Seconds(), 100*float64(positive)/float64(len(answers))), nil
}

// bedrockBatch has a sample of the same reviews judged by a foundation model.
func (d *demo) bedrockBatch(ctx context.Context, reviews []review, model string) (string, error) {
	if model == "" {
		return "left out: there is no foundation model", nil
	}
	if _, err := d.blueprint(ctx, "deploy", "batch", "--no-validate", "-p", "ProjectName=bedrock", "-p", "ModelSource=bedrock", "-p", "BedrockConfigModelId="+foundation,
		"-p", "BedrockConfigMaxTokens=4", "-p", "BedrockConfigPrompt=Is this review positive or negative? Answer with one word.\n\n{{inputs}}"); err != nil {
		return "", err
	}
	out, took, err := d.runJob(ctx, "bedrock-dev-batch", dataset(reviews[:sampled]), 5*time.Minute)
	if err != nil {
		return "", err
	}
	defer out.Close()
	n, first := 0, ""
	for lines := bufio.NewScanner(out); lines.Scan(); n++ {
		var l struct {
			ID     string `json:"recordId"`
			Output struct {
				Output struct {
					Message struct{ Content []struct{ Text string } }
				}
			} `json:"modelOutput"`
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil || len(l.Output.Output.Message.Content) == 0 {
			return "", fmt.Errorf("line %d of the output is %s", n, lines.Text())
		}
		if first == "" {
			first = strings.TrimSpace(l.Output.Output.Message.Content[0].Text)
		}
	}
	if n != sampled {
		return "", fmt.Errorf("%d lines of output for %d", n, sampled)
	}
	return fmt.Sprintf("a sample of %d reviews by %s in %.1f s; the first answer: %q", n, foundation, took.Seconds(), first), nil
}
