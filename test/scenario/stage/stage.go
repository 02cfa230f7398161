package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

// Bucket is where everything of a stage lies.
const Bucket = "models"

// Stage is a server with what models need.
type Stage struct {
	testing.TB
	Server  *harness.Server
	Who     harness.Caller
	Role    string // ARN of what models run as
	Models  *sagemaker.Client
	Runtime *sagemakerruntime.Client
	Objects *s3.Client
}

// New sets a stage on a server of its own.
func New(t testing.TB, o harness.Options) *Stage {
	t.Helper()
	return Set(t, harness.StartWith(t, o))
}

// Set sets a stage on a server.
func Set(t testing.TB, server *harness.Server) *Stage {
	t.Helper()
	s := &Stage{TB: t, Server: server, Who: harness.Must(server.Admin(t.Context()))(t)}
	s.dial()
	_, err := s.Objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(Bucket)})
	s.Must("bucket", err)
	role, err := s.Who.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("model"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	s.Must("role", err)
	s.Role = *role.Role.Arn
	_, err = s.Who.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("model"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:ListBucket"],"Resource":["arn:aws:s3:::` + Bucket +
			`","arn:aws:s3:::` + Bucket + `/*"]},{"Effect":"Allow","Action":["logs:*","sns:Publish","ecr:*"],"Resource":"*"}]}`)})
	s.Must("policy", err)
	return s
}

// Again is the stage on a server that was started in the place of the one that died.
func (s *Stage) Again(server *harness.Server) *Stage {
	who := server.Caller(s.Who.Key, s.Who.Secret, "")
	who.Account, who.ARN, who.ID = s.Who.Account, s.Who.ARN, s.Who.ID
	again := &Stage{TB: s.TB, Server: server, Who: who, Role: s.Role}
	again.dial()
	return again
}

func (s *Stage) dial() {
	cfg := s.Who.Config()
	cfg.RetryMaxAttempts = 1 // what fails is seen
	s.Models, s.Runtime, s.Objects = sagemaker.NewFromConfig(cfg), sagemakerruntime.NewFromConfig(cfg), s.Who.S3()
}

// Must ends the test when something it cannot go on without failed.
func (s *Stage) Must(what string, err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// URI is where a key lies.
func URI(key string) string { return "s3://" + Bucket + "/" + key }

// Put lays an object, and gives its URI.
func (s *Stage) Put(key string, body []byte) string {
	s.Helper()
	_, err := s.Objects.PutObject(s.Context(), &s3.PutObjectInput{Bucket: aws.String(Bucket), Key: &key, Body: bytes.NewReader(body)})
	s.Must("put "+key, err)
	return URI(key)
}

// Get reads an object by its URI; ok is false when there is none.
func (s *Stage) Get(uri string) (body []byte, ok bool) {
	s.Helper()
	key := strings.TrimPrefix(uri, URI(""))
	out, err := s.Objects.GetObject(s.Context(), &s3.GetObjectInput{Bucket: aws.String(Bucket), Key: &key})
	if missing := new(s3types.NoSuchKey); errors.As(err, &missing) {
		return nil, false
	}
	s.Must("get "+uri, err)
	defer func() { _ = out.Body.Close() }()
	body, err = io.ReadAll(out.Body)
	s.Must("get "+uri, err)
	return body, true
}

// Soon waits until something is so.
func (s *Stage) Soon(what string, limit time.Duration, is func() bool) {
	s.Helper()
	for end := time.Now().Add(limit); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("%s: not within %v", what, limit)
		}
	}
}

// Audited wants calls of the stage's caller in the trail, each with the name of a resource in it.
func (s *Stage) Audited(calls map[string]string) {
	s.Helper()
	for name, resource := range calls {
		found := false
		pages := cloudtrail.NewLookupEventsPaginator(s.Who.CloudTrail(), &cloudtrail.LookupEventsInput{
			LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: &name}}})
		for pages.HasMorePages() && !found {
			page, err := pages.NextPage(s.Context())
			s.Must("trail", err)
			for _, e := range page.Events {
				var call struct {
					Error string               `json:"errorCode"`
					Asked json.RawMessage      `json:"requestParameters"`
					By    struct{ ARN string } `json:"userIdentity"`
				}
				s.Must("trail", json.Unmarshal([]byte(*e.CloudTrailEvent), &call))
				found = found || call.Error == "" && call.By.ARN == s.Who.ARN && strings.Contains(string(call.Asked), `"`+resource+`"`)
			}
		}
		if !found {
			s.Errorf("the trail has no %s of %s by %s", name, resource, s.Who.ARN)
		}
	}
}

// Status is the HTTP status of an SDK's error; 0 is none.
func Status(err error) int {
	var answer interface{ HTTPStatusCode() int }
	if err == nil {
		return http.StatusOK
	}
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}
