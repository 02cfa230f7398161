// Package batch_reviews has a model learn from half of the reviews and judge the other half in a batch.
package batch_reviews

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario"
	"github.com/atelier-studio/atelier/test/scenario/stage"
)

// settings are fastText's words for the parameters of the training. The defaults of both learn little from so few lines.
type settings struct {
	Train  string  `json:"train"`
	Test   string  `json:"test"`
	Epochs int     `json:"epoch"`
	Rate   float64 `json:"lr"`
	Dim    int     `json:"dim"`
	Ngrams int     `json:"ngrams"`
	Least  int     `json:"least"`
	Bucket int     `json:"buckets"`
}

var learnt = settings{Epochs: 20, Rate: 0.1, Dim: 50, Ngrams: 2, Least: 1, Bucket: 200_000}

// job is the transform.
const job = "reviews-batch"

func TestGo(t *testing.T) {
	reviews := harness.Must(scenario.LoadReviews())(t)
	half := len(reviews) / 2
	s := stage.New(t, harness.Options{})
	told := s.Events("SageMaker Transform Job State Change")
	s.Text("reviews", s.Train("reviews", scenario.FastText(reviews[:half]), map[string]string{"epochs": fmt.Sprint(learnt.Epochs), "learning_rate": fmt.Sprint(learnt.Rate),
		"vector_dim": fmt.Sprint(learnt.Dim), "word_ngrams": fmt.Sprint(learnt.Ngrams), "min_count": fmt.Sprint(learnt.Least), "buckets": fmt.Sprint(learnt.Bucket)}))
	asked := questions(t, reviews[half:])
	input := s.Put("in/reviews.jsonl", []byte(strings.Join(asked, "\n")+"\n"))
	in := &sagemaker.CreateTransformJobInput{TransformJobName: aws.String(job), ModelName: aws.String("reviews"), BatchStrategy: types.BatchStrategyMultiRecord,
		TransformInput: &types.TransformInput{ContentType: aws.String("application/jsonlines"), SplitType: types.SplitTypeLine, DataSource: &types.TransformDataSource{
			S3DataSource: &types.TransformS3DataSource{S3DataType: types.S3DataTypeS3Prefix, S3Uri: &input}}},
		TransformOutput: &types.TransformOutput{S3OutputPath: aws.String(stage.URI("out/" + job)), Accept: aws.String("application/jsonlines"),
			AssembleWith: types.AssemblyTypeLine},
		DataProcessing:     &types.DataProcessing{JoinSource: types.JoinSourceInput},
		MaxPayloadInMB:     aws.Int32(1), // several requests
		TransformResources: &types.TransformResources{InstanceType: types.TransformInstanceTypeMlM5Large, InstanceCount: aws.Int32(1)}}
	_, err := s.Models.CreateTransformJob(t.Context(), in)
	s.Must("transform", err)
	done := s.Transformed(job, 2*time.Minute)
	if done.TransformJobStatus != types.TransformJobStatusCompleted || done.TransformStartTime == nil || done.TransformEndTime == nil || done.FailureReason != nil {
		t.Fatalf("the transform ended %s: %s", done.TransformJobStatus, aws.ToString(done.FailureReason))
	}
	answers, ok := s.Get(stage.URI("out/" + job + "/reviews.jsonl.out"))
	if !ok {
		t.Fatal("there is no output")
	}
	ours, theirs := accuracy(t, asked, string(answers), reviews[half:]), fastText(t, reviews[:half], reviews[half:])
	t.Logf("%d reviews learned from, %d judged: accuracy %.4f, fastText %.4f", half, len(asked), ours, theirs)
	if math.Abs(ours-theirs) > 0.01 {
		t.Errorf("accuracy %.4f where fastText has %.4f", ours, theirs)
	}
	announced(t, s, told, in)
	s.Audited(map[string]string{"CreateTrainingJob": "reviews", "CreateModel": "reviews", "CreateTransformJob": job})
}

// question is a line of the input.
type question struct {
	ID     int    `json:"id"`
	Source string `json:"source"`
}

func questions(t *testing.T, reviews []scenario.Review) (lines []string) {
	t.Helper()
	for i, r := range reviews {
		b, err := json.Marshal(question{i, r.Text})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(b))
	}
	return lines
}

// accuracy wants one line for each that was asked, in their order, with its question in it, and tells how many are right.
func accuracy(t *testing.T, asked []string, answers string, reviews []scenario.Review) (right float64) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(answers, "\n"), "\n")
	if len(lines) != len(asked) || !strings.HasSuffix(answers, "\n") {
		t.Fatalf("%d lines for %d", len(lines), len(asked))
	}
	for i, line := range lines {
		var a struct {
			question
			Output struct {
				Label []string  `json:"label"`
				Prob  []float64 `json:"prob"`
			} `json:"SageMakerOutput"`
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil || a.ID != i || a.Source != reviews[i].Text || len(a.Output.Label) != 1 || len(a.Output.Prob) != 1 {
			t.Fatalf("line %d is %s: %v", i, line, err)
		}
		if a.Output.Label[0] == "__label__"+reviews[i].Label {
			right += 1 / float64(len(reviews))
		}
	}
	return right
}

// fastText learns from the same reviews with the same parameters, and tells how many of the others it judges right.
func fastText(t *testing.T, train, test []scenario.Review) float64 {
	t.Helper()
	in, dir := learnt, t.TempDir()
	in.Train, in.Test = filepath.Join(dir, "train"), filepath.Join(dir, "test")
	for path, reviews := range map[string][]scenario.Review{in.Train: train, in.Test: test} {
		if err := os.WriteFile(path, []byte(scenario.FastText(reviews)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), harness.Must(harness.Learn())(t), "-B", "fasttext_accuracy.py", string(b)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ Accuracy float64 }
	if err := json.Unmarshal(out, &told); err != nil {
		t.Fatal(err)
	}
	return told.Accuracy
}

// announced wants an event when the job began and one when it ended.
func announced(t *testing.T, s *stage.Stage, told *stage.Queue, in *sagemaker.CreateTransformJobInput) {
	t.Helper()
	events := told.Take("events", time.Minute, func(told []map[string]any) bool { return len(told) == 2 })
	got := map[any]map[string]any{}
	for _, e := range events {
		got[e["detail"].(map[string]any)["TransformJobStatus"]] = e
	}
	arn := "arn:aws:sagemaker:" + harness.Region + ":" + s.Who.Account + ":transform-job/" + job
	for status, ended := range map[string]bool{"InProgress": false, "Completed": true} {
		e := got[status]
		if e == nil {
			t.Fatalf("no event of %s: %v", status, events)
		}
		d := e["detail"].(map[string]any)
		if e["source"] != "aws.sagemaker" || e["account"] != s.Who.Account || e["region"] != harness.Region || fmt.Sprint(e["resources"]) != "["+arn+"]" {
			t.Errorf("the event is %v", e)
		}
		if _, ok := d["TransformEndTime"].(float64); ok != ended || d["TransformJobName"] != job || d["TransformJobArn"] != arn || d["ModelName"] != "reviews" {
			t.Errorf("the event's detail is %v", d)
		}
		if to := d["TransformOutput"].(map[string]any)["S3OutputPath"]; to != *in.TransformOutput.S3OutputPath {
			t.Errorf("the event tells of the output %v", to)
		}
	}
}
