package conformance

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// The story that every client tells: a consumer assumes a role in the producer's account and is denied an object; the
// producer allows the role to read; the consumer reads what the producer wrote; CloudTrail shows that the role was assumed.

// stage is what the story needs before it begins.
type stage struct {
	producer, consumer harness.Caller
	bucket, role       string
	text               string
}

const readObjects = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*"}]}`

func setStage(t *testing.T, name string) *stage {
	t.Helper()
	s, ctx := harness.Start(t), t.Context()
	st := &stage{producer: harness.Must(s.Account(ctx, "producer"))(t), bucket: "story-" + name, role: "reader",
		text: "grüße aus " + name + "\n"}
	owner := harness.Must(s.Account(ctx, "consumer"))(t)
	st.consumer = harness.Must(s.User(ctx, owner, "carla", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["sts:AssumeRole","cloudtrail:LookupEvents"],"Resource":"*"}]}`))(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + st.consumer.ARN + `"},"Action":"sts:AssumeRole"}]}`
	if _, err := st.producer.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: &st.role, AssumeRolePolicyDocument: &trust}); err != nil {
		t.Fatal(err)
	}
	return st
}

func (st *stage) roleARN() string { return "arn:aws:iam::" + st.producer.Account + ":role/" + st.role }

// environ is the stage as a script sees it: the consumer's credentials are the client's own.
func (st *stage) environ() []string {
	return append(append(os.Environ(), st.consumer.Environ()...), "STORY_BUCKET="+st.bucket, "STORY_ROLE="+st.role, "STORY_ROLE_ARN="+st.roleARN(),
		"STORY_TEXT="+st.text, "STORY_POLICY="+strings.ReplaceAll(readObjects, "BUCKET", st.bucket),
		"PRODUCER_ACCESS_KEY_ID="+st.producer.Key, "PRODUCER_SECRET_ACCESS_KEY="+st.producer.Secret)
}

// play runs a script, which ends with "the story is told".
func (st *stage) play(t *testing.T, env []string, dir, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir, c.Env = dir, append(st.environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "the story is told") {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
}

func TestStoryCLI(t *testing.T) {
	aws := harness.Must(harness.AWS())(t)
	dir := filepath.Join(harness.Root(), "test", "conformance", "cli")
	setStage(t, "cli").play(t, []string{"AWS=" + aws, "WORK=" + t.TempDir()}, dir, "bash", "story.sh")
}

func TestStoryPython(t *testing.T) {
	python := harness.Must(harness.Python())(t)
	dir := filepath.Join(harness.Root(), "test", "conformance", "python")
	setStage(t, "python").play(t, nil, dir, python, "-B", "story.py")
}

func TestStoryJavaScript(t *testing.T) {
	setStage(t, "js").play(t, nil, harness.Must(harness.NodeDir())(t), "node", "story.mjs")
}

func TestStoryGo(t *testing.T) {
	st, ctx := setStage(t, "go"), t.Context()
	s := st.producer.S3()
	if _, err := s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &st.bucket}); err != nil {
		t.Fatal(err)
	}
	key := "dir/greeting.txt"
	if _, err := s.PutObject(ctx, &s3.PutObjectInput{Bucket: &st.bucket, Key: &key, Body: strings.NewReader(st.text)}); err != nil {
		t.Fatal(err)
	}
	reader := harness.Must((&harness.Server{URL: *st.consumer.Config().BaseEndpoint}).Assume(ctx, st.consumer, st.roleARN(), "story", ""))(t)
	get := func() ([]byte, error) {
		out, err := reader.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &st.bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		defer out.Body.Close()
		return io.ReadAll(out.Body)
	}
	var denied smithy.APIError
	if _, err := get(); !errors.As(err, &denied) || denied.ErrorCode() != "AccessDenied" {
		t.Fatalf("before it was allowed: %v", err)
	}
	policy := strings.ReplaceAll(readObjects, "BUCKET", st.bucket)
	if _, err := st.producer.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &st.role, PolicyName: aws.String("read"), PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	got, err := get()
	if err != nil || !bytes.Equal(got, []byte(st.text)) {
		t.Fatalf("read %q, %v", got, err)
	}
	events, err := st.consumer.CloudTrail().LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{
		{AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: aws.String(st.roleARN())}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(events.Events) != 1 || *events.Events[0].EventName != "AssumeRole" || *events.Events[0].Username != "carla" {
		t.Errorf("CloudTrail shows %+v", events.Events)
	}
}
