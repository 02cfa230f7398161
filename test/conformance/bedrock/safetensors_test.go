package bedrock

import (
	"archive/zip"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	runtimetypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// TestImportOfSafetensors brings MiniLM in from S3 as it is published, and has it make vectors: at once, and asynchronously.
func TestImportOfSafetensors(t *testing.T) {
	s := set(t, harness.StartWith(t, harness.Options{Args: catalog(t)}))
	z, err := zip.OpenReader(harness.Must(harness.MiniLM())(t))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
		s.put(t, "minilm/"+f.Name, string(b))
	}
	prefix := "s3://batch/minilm/"
	made, err := s.CreateModelImportJob(t.Context(), &bedrock.CreateModelImportJobInput{JobName: aws.String("minilm"), ImportedModelName: aws.String("minilm"), RoleArn: &s.role,
		ModelDataSource: &types.ModelDataSourceMemberS3DataSource{Value: types.S3DataSource{S3Uri: &prefix}}})
	if err != nil {
		t.Fatal(err)
	}
	var done *bedrock.GetModelImportJobOutput
	for deadline := time.Now().Add(time.Minute); done == nil || done.Status == types.ModelImportJobStatusInProgress; time.Sleep(50 * time.Millisecond) {
		if done, err = s.GetModelImportJob(t.Context(), &bedrock.GetModelImportJobInput{JobIdentifier: made.JobArn}); err != nil || time.Now().After(deadline) {
			t.Fatalf("%+v %v", done, err)
		}
	}
	if done.Status != types.ModelImportJobStatusCompleted {
		t.Fatalf("%s: %s", done.Status, aws.ToString(done.FailureMessage))
	}
	c := bedrockruntime.NewFromConfig(s.who.Config())
	out, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: done.ImportedModelArn, Body: []byte(`{"inputText":"How do I cook pasta?"}`)})
	if err != nil {
		t.Fatal(err)
	}
	var one struct{ Embedding []float64 }
	if err := json.Unmarshal(out.Body, &one); err != nil || len(one.Embedding) != 384 {
		t.Errorf("%d dimensions, %v", len(one.Embedding), err)
	}
	later, err := c.StartAsyncInvoke(t.Context(), &bedrockruntime.StartAsyncInvokeInput{ModelId: done.ImportedModelArn, ModelInput: document.NewLazyDocument(map[string]any{"inputText": "How do I cook pasta?"}),
		OutputDataConfig: &runtimetypes.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig{Value: runtimetypes.AsyncInvokeS3OutputDataConfig{S3Uri: aws.String("s3://batch/vectors")}}})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		g, err := c.GetAsyncInvoke(t.Context(), &bedrockruntime.GetAsyncInvokeInput{InvocationArn: later.InvocationArn})
		if err != nil || time.Now().After(deadline) || g.Status == runtimetypes.AsyncInvokeStatusFailed {
			t.Fatalf("%+v %v", g, err)
		}
		if g.Status == runtimetypes.AsyncInvokeStatusCompleted {
			break
		}
	}
	id := (*later.InvocationArn)[strings.LastIndexByte(*later.InvocationArn, '/')+1:]
	var two struct{ Embedding []float64 }
	if err := json.Unmarshal([]byte(s.get(t, "vectors/"+id+"/output.json")), &two); err != nil || len(two.Embedding) != 384 || two.Embedding[0] != one.Embedding[0] {
		t.Errorf("%d dimensions, %v", len(two.Embedding), err)
	}
}
