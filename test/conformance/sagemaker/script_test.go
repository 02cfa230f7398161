package sagemaker_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	runtimetypes "github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
)

const sklearn = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

// archive packs files of testdata and texts as the SDK packs code and models.
func archive(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if rest, ok := strings.CutPrefix(text, "file:"); ok {
			from, err := os.ReadFile(filepath.Join("testdata", rest))
			if err != nil {
				t.Fatal(err)
			}
			text = string(from)
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(text))
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestScript: a script trains and serves a model of scikit-learn in AWS's image of it, as the SDK asks for it.
func TestScript(t *testing.T) {
	x := begin(t)
	code := x.put("code/sourcedir.tar.gz", archive(t, map[string]string{"train.py": "file:train.py"}))
	data := x.put("iris/train.csv", "0,0,a\n0,1,a\n1,0,a\n9,9,b\n9,8,b\n8,9,b\n")
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	parameters := map[string]string{"sagemaker_program": quoted("train.py"), "sagemaker_submit_directory": quoted(code), "n_neighbors": "3", "note": quoted("a b")}
	specification := &types.AlgorithmSpecification{TrainingImage: aws.String(sklearn), TrainingInputMode: types.TrainingInputModeFile,
		MetricDefinitions: []types.MetricDefinition{{Name: aws.String("accuracy"), Regex: aws.String("accuracy=([0-9.]+)")}}}
	d := x.train(&sagemaker.CreateTrainingJobInput{TrainingJobName: aws.String("knn"), HyperParameters: parameters, AlgorithmSpecification: specification,
		InputDataConfig: []types.Channel{channel("train", data)}})
	if d.TrainingJobStatus != types.TrainingJobStatusCompleted || len(d.FinalMetricDataList) != 1 || *d.FinalMetricDataList[0].Value != 1 {
		t.Fatalf("got %s %s %+v", d.TrainingJobStatus, aws.ToString(d.FailureReason), d.FinalMetricDataList)
	}
	parameters["fail"] = "true"
	failed := x.train(&sagemaker.CreateTrainingJobInput{TrainingJobName: aws.String("failing"), HyperParameters: parameters, AlgorithmSpecification: specification,
		InputDataConfig: []types.Channel{channel("train", data)}})
	if r := aws.ToString(failed.FailureReason); failed.TrainingJobStatus != types.TrainingJobStatusFailed || !strings.HasPrefix(r, "AlgorithmError: ExecuteUserScriptError:\nExitCode 1") ||
		!strings.Contains(r, "ValueError: asked to") {
		t.Errorf("got %s %s", failed.TrainingJobStatus, r)
	}

	// The SDK's own way: a program of the image runs what lies in a channel.
	driver := x.put("driver/run.sh", "#!/bin/sh\npython3 -c 'import sklearn; print(sklearn.__version__)' > /opt/ml/model/version\n")
	d2 := x.train(&sagemaker.CreateTrainingJobInput{TrainingJobName: aws.String("driver"), AlgorithmSpecification: &types.AlgorithmSpecification{TrainingImage: aws.String(sklearn),
		TrainingInputMode: types.TrainingInputModeFile, ContainerEntrypoint: []string{"sh"}, ContainerArguments: []string{"-c",
			"chmod +x /opt/ml/input/data/driver/run.sh && /opt/ml/input/data/driver/run.sh && grep -q ^1.2.1$ /opt/ml/model/version"}},
		InputDataConfig: []types.Channel{channel("driver", driver)}})
	if d2.TrainingJobStatus != types.TrainingJobStatusCompleted {
		t.Errorf("got %s %s", d2.TrainingJobStatus, aws.ToString(d2.FailureReason))
	}

	// The functions of the script that are there, and the usual ones for the others.
	code = x.put("code/serve.tar.gz", archive(t, map[string]string{"inference.py": "file:inference.py", "train.py": "file:train.py"}))
	x.serving("knn", x.role, types.ContainerDefinition{Image: aws.String(sklearn), ModelDataUrl: d.ModelArtifacts.S3ModelArtifacts,
		Environment: map[string]string{"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": code, "SAGEMAKER_MODEL_SERVER_WORKERS": "2"}})
	for _, c := range []struct{ kind, body, want string }{
		{"application/json", "[[0, 0.5], [9, 9]]", `["a", "b"]`},
		{"text/csv", "0,0.5\n9,9\n", "a\nb\n"},
		{"text/csv", "8,8", "b\n"},
	} {
		if got := x.ask("knn", c.kind, c.body); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.kind, c.body, got, c.want)
		}
	}
	refused := func(kind, body string, status int32, text string) {
		t.Helper()
		_, err := sagemakerruntime.NewFromConfig(x.who.Config()).InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("knn"),
			ContentType: &kind, Body: []byte(body)})
		var e *runtimetypes.ModelError
		if !errors.As(err, &e) || *e.OriginalStatusCode != status || !strings.Contains(*e.OriginalMessage, text) {
			t.Errorf("%s of %s: %v", kind, body, err)
		}
	}
	refused("image/png", "x", 415, "Content-Type image/png is not supported")
	refused("application/json", "[[1, 2, 3]]", 500, "features")
	refused("application/json", "{", 500, "JSONDecodeError")

	// A model that brings its code, and asks for what no package may be.
	bad := x.put("bad/model.tar.gz", archive(t, map[string]string{"code/inference.py": "file:inference.py", "code/requirements.txt": "--index-url http://localhost/\n"}))
	x.fails("bad", x.role, sklearn, "options, addresses and paths are not taken", func(c *types.ContainerDefinition) { c.ModelDataUrl = &bad })
	broken := x.put("broken/model.tar.gz", archive(t, map[string]string{"code/inference.py": "raise ValueError('no')\n"}))
	x.fails("broken", x.role, sklearn, "It exited with code 1", func(c *types.ContainerDefinition) { c.ModelDataUrl = &broken })
	x.fails("version", x.role, strings.Replace(sklearn, "1.2-1", "7.2-1", 1), "is not known here; push an image")
	own := x.put("own/model.tar.gz", archive(t, map[string]string{"code/inference.py": "def model_fn(d): return 2\ndef transform_fn(m, body, kind, accept): return body * m, 'text/plain'\n",
		"code/requirements.txt": "# nothing\n"}))
	x.serving("own", x.role, types.ContainerDefinition{Image: aws.String(sklearn), ModelDataUrl: &own})
	if got := x.ask("own", "text/plain", "ab"); got != "abab" {
		t.Errorf("got %q", got)
	}
	// Many models, each with its own code.
	x.serving("many", x.role, types.ContainerDefinition{Image: aws.String(sklearn), ModelDataUrl: aws.String("s3://" + models + "/"), Mode: types.ContainerModeMultiModel})
	out, err := sagemakerruntime.NewFromConfig(x.who.Config()).InvokeEndpoint(t.Context(), &sagemakerruntime.InvokeEndpointInput{EndpointName: aws.String("many"),
		ContentType: aws.String("text/plain"), Body: []byte("c"), TargetModel: aws.String("own/model.tar.gz")})
	x.ok(err)
	if string(out.Body) != "cc" {
		t.Errorf("got %q", out.Body)
	}
}
