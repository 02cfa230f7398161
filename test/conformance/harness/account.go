package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/sdkhttp"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	organizationtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Region is where the tests are.
const Region = "us-east-1"

// AllowAll is a policy that allows everything.
const AllowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// Caller is somebody with credentials on a server.
type Caller struct {
	Account, ARN, ID   string
	Key, Secret, Token string
	url                string
}

type users struct {
	mu    sync.Mutex
	admin *Caller
}

// client keeps connections for all SDK clients of a test program.
var client = &http.Client{Transport: sdkhttp.Plain(&http.Transport{MaxIdleConnsPerHost: 64, ForceAttemptHTTP2: false}),
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Config configures an SDK client of the caller.
func (c Caller) Config() aws.Config {
	return aws.Config{HTTPClient: client, Region: Region, BaseEndpoint: aws.String(c.url),
		Credentials: credentials.NewStaticCredentialsProvider(c.Key, c.Secret, c.Token)}
}

// IAM is the caller's client.
func (c Caller) IAM() *iam.Client { return iam.NewFromConfig(c.Config()) }

// STS is the caller's client.
func (c Caller) STS() *sts.Client { return sts.NewFromConfig(c.Config()) }

// Organizations is the caller's client.
func (c Caller) Organizations() *organizations.Client { return organizations.NewFromConfig(c.Config()) }

// CloudTrail is the caller's client.
func (c Caller) CloudTrail() *cloudtrail.Client { return cloudtrail.NewFromConfig(c.Config()) }

// S3 is the caller's client.
func (c Caller) S3() *s3.Client {
	return s3.NewFromConfig(c.Config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// Environ is what makes any AWS client that it is given to call as c.
func (c Caller) Environ() []string {
	return []string{"AWS_ENDPOINT_URL=" + c.url, "AWS_REGION=" + Region, "AWS_DEFAULT_REGION=" + Region, "AWS_ACCESS_KEY_ID=" + c.Key,
		"AWS_SECRET_ACCESS_KEY=" + c.Secret, "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/nonexistent",
		"AWS_SHARED_CREDENTIALS_FILE=/nonexistent", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER="}
}

// Caller makes a caller out of credentials.
func (s *Server) Caller(key, secret, token string) Caller {
	return Caller{Key: key, Secret: secret, Token: token, url: s.URL}
}

// Root is the root user of the management account.
func (s *Server) Root() Caller { return s.Caller(RootKey, RootSecret, "") }

// User makes an IAM user in the account of as, with an inline policy when there is one, and a key.
func (s *Server) User(ctx context.Context, as Caller, name, policy string) (Caller, error) {
	made, err := as.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err != nil {
		return Caller{}, fmt.Errorf("cannot make user %s: %w", name, err)
	}
	if policy != "" {
		if _, err := as.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}); err != nil {
			return Caller{}, fmt.Errorf("cannot make user %s: %w", name, err)
		}
	}
	key, err := as.IAM().CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return Caller{}, fmt.Errorf("cannot make user %s: %w", name, err)
	}
	c := s.Caller(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, "")
	c.ARN, c.ID = *made.User.Arn, *made.User.UserId
	c.Account = strings.Split(c.ARN, ":")[4]
	return c, nil
}

// Admin is an IAM user of the management account that may do everything: root users cannot assume roles.
func (s *Server) Admin(ctx context.Context) (Caller, error) {
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	if s.users.admin == nil {
		c, err := s.User(ctx, s.Root(), "admin", AllowAll)
		if err != nil {
			return c, err
		}
		s.users.admin = &c
	}
	return *s.users.admin, nil
}

// Account makes a member account with an IAM user "admin" that may do everything in it.
func (s *Server) Account(ctx context.Context, name string) (Caller, error) {
	admin, err := s.Admin(ctx)
	if err != nil {
		return Caller{}, err
	}
	var already *organizationtypes.AlreadyInOrganizationException
	if _, err := s.Root().Organizations().CreateOrganization(ctx, &organizations.CreateOrganizationInput{}); err != nil && !errors.As(err, &already) {
		return Caller{}, err
	}
	out, err := s.Root().Organizations().CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: &name,
		Email: aws.String(name + "@example.com")})
	if err != nil {
		return Caller{}, fmt.Errorf("cannot make account %s: %w", name, err)
	}
	role := "arn:aws:iam::" + *out.CreateAccountStatus.AccountId + ":role/OrganizationAccountAccessRole"
	session, err := s.Assume(ctx, admin, role, "setup", "")
	if err != nil {
		return Caller{}, err
	}
	return s.User(ctx, session, "admin", AllowAll)
}

// Assume calls AssumeRole, with a session policy when there is one.
func (s *Server) Assume(ctx context.Context, as Caller, role, session, policy string) (Caller, error) {
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: &session}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := as.STS().AssumeRole(ctx, in)
	if err != nil {
		return Caller{}, fmt.Errorf("cannot assume %s: %w", role, err)
	}
	c := s.Caller(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	c.ARN, c.ID = *out.AssumedRoleUser.Arn, *out.AssumedRoleUser.AssumedRoleId
	c.Account = strings.Split(role, ":")[4]
	return c, nil
}

// Must unwraps what a test cannot go on without.
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
