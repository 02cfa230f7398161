package bedrock

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const (
	model  = "meta.llama3-2-1b-instruct-v1:0"
	bucket = "batch"
)

// catalog maps the test's model to SmolLM2.
func catalog(t testing.TB) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "models.yaml")
	text := fmt.Sprintf("models:\n  - {id: %q, driver: llamacpp, context: 1024, parallel: 8, file: %s, name: Small}\nprofiles:\n  - {id: %q, model: %q}\n",
		model, harness.Must(harness.SmolLM2())(t), "us."+model, model)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--llama-library", harness.Must(harness.Llama())(t), "--models", path}
}

// stage is an account with a bucket and a role for batches.
type stage struct {
	*bedrock.Client
	who  harness.Caller
	s3   *s3.Client
	role string
}

func set(t testing.TB, s *harness.Server) stage {
	t.Helper()
	ctx := context.Background()
	who := harness.Must(s.Admin(ctx))(t)
	st := stage{Client: bedrock.NewFromConfig(who.Config()), who: who, s3: who.S3()}
	if _, err := st.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	role, err := who.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("batch"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"bedrock.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	st.role = *role.Role.Arn
	if _, err := who.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("batch"), PolicyName: aws.String("p"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket","s3:PutObject"],"Resource":["arn:aws:s3:::batch","arn:aws:s3:::batch/*"]},{"Effect":"Allow","Action":"bedrock:InvokeModel","Resource":"*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	return st
}

func (s stage) put(t testing.TB, key, body string) {
	t.Helper()
	if _, err := s.s3.PutObject(context.Background(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

func (s stage) get(t testing.TB, key string) string {
	t.Helper()
	out, err := s.s3.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// reviews are real ones where shared/data lies beside the checkout, or else made up.
func reviews(t testing.TB, n int) []string {
	t.Helper()
	var list []string
	f, err := os.Open(filepath.Join(harness.Root(), "..", "shared", "data", "reviews.csv"))
	if errors.Is(err, os.ErrNotExist) {
		for i := range n {
			list = append(list, fmt.Sprintf("review number %d: the plot is thin , but the actors are good .", i))
		}
		return list
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	for len(list) <= n {
		row, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, row[1])
	}
	return list[1:]
}

func tells(t testing.TB, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}
