package conformance

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire/facts"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// door is an operation that somebody tries to call. Most of them write.
type door struct {
	service, protocol string
	request           func(t testing.TB, url, name string) (*http.Request, []byte)
}

func doors(t testing.TB) []door {
	t.Helper()
	rpc := func(service, operation, body string) door {
		f, err := facts.Load(service)
		if err != nil {
			t.Fatal(err)
		}
		return door{service, "json", func(t testing.TB, url, name string) (*http.Request, []byte) {
			b := []byte(strings.ReplaceAll(body, "NAME", name))
			return jsonRequest(t, url, &f.Metadata, operation, b), b
		}}
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	return []door{
		{"sts", "query", func(t testing.TB, at, _ string) (*http.Request, []byte) {
			return queryRequest(t, at, "2011-06-15", "GetCallerIdentity", url.Values{})
		}},
		{"iam", "query", func(t testing.TB, at, name string) (*http.Request, []byte) {
			return queryRequest(t, at, "2010-05-08", "CreateRole", url.Values{"RoleName": {name}, "AssumeRolePolicyDocument": {trust}})
		}},
		{"cloudformation", "query", func(t testing.TB, at, name string) (*http.Request, []byte) {
			return queryRequest(t, at, "2010-05-15", "CreateStack", url.Values{"StackName": {name}, "TemplateBody": {`{"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}`}})
		}},
		{"apigateway", "rest-json", func(t testing.TB, at, name string) (*http.Request, []byte) {
			b := []byte(`{"name":"` + name + `","protocolType":"HTTP"}`)
			r := request(t, http.MethodPost, at+"/v2/apis", b)
			r.Header.Set("Content-Type", "application/json")
			return r, b
		}},
		rpc("sagemaker", "CreateModelPackageGroup", `{"ModelPackageGroupName":"NAME"}`),
		rpc("athena", "CreateWorkGroup", `{"Name":"NAME"}`),
		{"bedrock", "rest-json", func(t testing.TB, at, _ string) (*http.Request, []byte) {
			b := []byte(`{"loggingConfig":{"s3Config":{"bucketName":"stay-out"}}}`)
			r := request(t, http.MethodPut, at+"/logging/modelinvocations", b)
			r.Header.Set("Content-Type", "application/json")
			return r, b
		}},
		rpc("organizations", "CreateAccount", `{"AccountName":"NAME","Email":"NAME@example.com"}`),
		rpc("sqs", "CreateQueue", `{"QueueName":"NAME"}`),
		rpc("ssm", "PutParameter", `{"Name":"NAME","Value":"v","Type":"String"}`),
		rpc("ecr", "CreateRepository", `{"repositoryName":"NAME"}`),
		rpc("logs", "CreateLogGroup", `{"logGroupName":"NAME"}`),
		{"monitoring", "json", func(t testing.TB, at, name string) (*http.Request, []byte) {
			f, err := facts.Load("cloudwatch")
			if err != nil {
				t.Fatal(err)
			}
			b := []byte(`{"DashboardName":"` + name + `","DashboardBody":"{\"widgets\":[]}"}`)
			return jsonRequest(t, at, &f.Metadata, "PutDashboard", b), b
		}},
		rpc("application-autoscaling", "DescribeScalableTargets", `{"ServiceNamespace":"lambda"}`),
		rpc("events", "PutRule", `{"Name":"NAME","EventPattern":"{\"source\":[\"a\"]}"}`),
		{"sns", "query", func(t testing.TB, at, name string) (*http.Request, []byte) {
			return queryRequest(t, at, "2010-03-31", "CreateTopic", url.Values{"Name": {name}})
		}},
		{"scheduler", "rest-json", func(t testing.TB, at, name string) (*http.Request, []byte) {
			b := []byte(`{}`)
			r := request(t, http.MethodPost, at+"/schedule-groups/"+name, b)
			r.Header.Set("Content-Type", "application/json")
			return r, b
		}},
		rpc("cloudtrail", "LookupEvents", `{"MaxResults":1}`),
		rpc("glue", "CreateDatabase", `{"DatabaseInput":{"Name":"NAME"}}`),
		{"lambda", "rest-json", func(t testing.TB, at, name string) (*http.Request, []byte) {
			empty := "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAYVBLAQIUAxQAAAAAAAAAIQAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAACAAQAAAABhUEsFBgAAAAABAAEALwAAAB8AAAAAAA=="
			b := []byte(`{"Content":{"ZipFile":"` + empty + `"}}`)
			r := request(t, http.MethodPost, at+"/2018-10-31/layers/"+name+"/versions", b)
			r.Header.Set("Content-Type", "application/json")
			return r, b
		}},
		{"ram", "rest-json", func(t testing.TB, at, name string) (*http.Request, []byte) {
			b := []byte(`{"name":"` + name + `"}`)
			r := request(t, http.MethodPost, at+"/createresourceshare", b)
			r.Header.Set("Content-Type", "application/json")
			return r, b
		}},
		{"s3", "s3", func(t testing.TB, at, name string) (*http.Request, []byte) {
			b := []byte("written by " + name)
			return request(t, http.MethodPut, at+"/stay-out/"+name, b), b
		}},
	}
}

// refusal is what a service says, as "status code", in the query protocol, JSON RPC and S3. S3 may have several. REST services in JSON say JSON
// RPC's code with the query protocol's status; who doesn't sign for one of them is answered by another service, and so in other words.
type refusal struct {
	query, json string
	s3, rest    []string
}

// s3Form is what S3 says to a POST, which is to it a form that isn't one, or goes to an object, and to a PUT into a bucket that isn't there.
var s3Form = []string{"412 PreconditionFailed", "405 MethodNotAllowed", "404 NoSuchBucket"}

var (
	missing    = refusal{"403 MissingAuthenticationToken", "400 MissingAuthenticationTokenException", []string{"403 AccessDenied"}, s3Form}
	incomplete = refusal{"400 IncompleteSignature", "400 IncompleteSignatureException", []string{"400 AuthorizationHeaderMalformed", "400 InvalidArgument", "403 AccessDenied"},
		append([]string{"400 AuthorizationHeaderMalformed"}, s3Form...)}
	unknown    = refusal{"403 InvalidClientTokenId", "400 UnrecognizedClientException", []string{"403 InvalidAccessKeyId"}, nil}
	token      = refusal{unknown.query, unknown.json, []string{"400 InvalidToken", "403 InvalidToken"}, nil}
	expired    = refusal{"403 ExpiredToken", "400 ExpiredTokenException", []string{"400 ExpiredToken", "403 ExpiredToken"}, nil}
	mismatch   = refusal{"403 SignatureDoesNotMatch", "400 InvalidSignatureException", []string{"403 SignatureDoesNotMatch"}, nil}
	skewed     = refusal{mismatch.query, mismatch.json, []string{"403 RequestTimeTooSkewed"}, nil}
	body       = refusal{mismatch.query, mismatch.json, []string{"400 XAmzContentSHA256Mismatch", "403 SignatureDoesNotMatch"}, nil}
	stalelink  = refusal{mismatch.query, mismatch.json, []string{"403 AccessDenied"}, nil}
	otherscope = refusal{mismatch.query, mismatch.json, []string{"400 AuthorizationHeaderMalformed", "403 SignatureDoesNotMatch", "400 InvalidAction", "400 MissingAction", "400 IncompleteSignature"}, []string{"400 MissingAction"}}
)

func (r refusal) of(protocol string) []string {
	status, _, _ := strings.Cut(r.query, " ")
	_, code, _ := strings.Cut(r.json, " ")
	return map[string][]string{"query": {r.query}, "json": {r.json}, "rest-json": append([]string{status + " " + code}, r.rest...), "s3": r.s3}[protocol]
}

// strangers are callers whose credentials are no good, or not good together.
type strangers struct {
	good, wrongSecret, nobody, deleted, disabled, foreignToken, noToken, brokenToken, expired harness.Caller
}

func TestStrangersStayOut(t *testing.T) {
	dir := t.TempDir()
	old := expiredSession(t, dir)
	s := harness.StartWith(t, harness.Options{DataDir: dir})
	ctx := t.Context()
	if _, err := s.Root().Organizations().CreateOrganization(ctx, &organizations.CreateOrganizationInput{}); err != nil {
		t.Fatal(err)
	}
	x := meet(t, s)
	x.expired = s.Caller(old.AccessKeyID, old.SecretAccessKey, old.SessionToken)
	if _, err := x.good.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("stay-out")}); err != nil {
		t.Fatal(err)
	}
	for _, d := range doors(t) { // whoever may come in can: the refusals below are not for other reasons
		r, b := d.request(t, s.URL, "control")
		if a, err := send(signing{who: x.good, service: d.service}.sign(t, r, b)); err != nil || a.status/100 != 2 {
			t.Fatalf("%s: %+v %v", d.service, a, err)
		}
	}
	before := state(t, s)
	for _, d := range doors(t) {
		t.Run(d.service, func(t *testing.T) { d.tryAll(t, s, x) })
	}
	if after := state(t, s); after != before {
		t.Errorf("something was written\nbefore %s\nafter  %s", before, after)
	}
}

func (d door) tryAll(t *testing.T, s *harness.Server, x strangers) {
	now := time.Now()
	f := func(name string, want refusal, r *http.Request) {
		t.Helper()
		a, err := send(r)
		if got := strconv.Itoa(a.status) + " " + a.code; err != nil || !slices.Contains(want.of(d.protocol), got) {
			t.Errorf("%s: got %q %v, want %q\n%.300s", name, got, err, want.of(d.protocol), a.body)
		}
	}
	plain := func() *http.Request { r, _ := d.request(t, s.URL, "intruder"); return r }
	by := func(g signing) *http.Request {
		r, b := d.request(t, s.URL, "intruder")
		if g.service == "" {
			g.service = d.service
		}
		return g.sign(t, r, b)
	}
	f("unsigned", missing, plain())
	f("wrong secret", mismatch, by(signing{who: x.wrongSecret}))
	f("unknown key", unknown, by(signing{who: x.nobody}))
	f("deleted key", unknown, by(signing{who: x.deleted}))
	f("disabled key", unknown, by(signing{who: x.disabled}))
	f("foreign session token", token, by(signing{who: x.foreignToken}))
	f("missing session token", token, by(signing{who: x.noToken}))
	f("broken session token", token, by(signing{who: x.brokenToken}))
	f("expired session token", expired, by(signing{who: x.expired}))
	f("stale date", skewed, by(signing{who: x.good, at: now.Add(-16 * time.Minute)}))
	f("future date", skewed, by(signing{who: x.good, at: now.Add(16 * time.Minute)}))
	other := map[string]string{"sts": "iam", "s3": "sts"}[d.service]
	if other == "" {
		other = "sts"
	}
	f("wrong service in scope", otherscope, by(signing{who: x.good, service: other}))

	r, b := d.request(t, s.URL, "intruder")
	signed := signing{who: x.good, service: d.service}.sign(t, r, b)
	changed := slices.Clone(b)
	changed[len(changed)-2] ^= 1
	altered := request(t, signed.Method, signed.URL.String(), changed)
	altered.Header = signed.Header
	f("altered body", body, altered)

	r, b = d.request(t, s.URL, "intruder")
	r.Header.Set("X-Amz-Meta-Color", "red")
	signed = signing{who: x.good, service: d.service}.sign(t, r, b)
	signed.Header.Set("X-Amz-Meta-Color", "blue")
	f("altered signed header", mismatch, signed)

	signed = by(signing{who: x.good})
	signed.Header.Set("Authorization", strings.Split(signed.Header.Get("Authorization"), ",")[0])
	f("half an Authorization header", incomplete, signed)

	if d.protocol == "query" || d.protocol == "s3" { // no SDK presigns the others
		d.tryLinks(t, s, x, f)
	}
}

// tryLinks tries presigned URLs.
func (d door) tryLinks(t *testing.T, s *harness.Server, x strangers, f func(string, refusal, *http.Request)) {
	link := func(at time.Time) *url.URL {
		r, b := d.request(t, s.URL, "intruder")
		to := s.URL + "/?" + string(b)
		method := http.MethodGet
		if d.protocol == "s3" {
			to, method = r.URL.String(), http.MethodPut
		}
		u, err := url.Parse(signing{who: x.good, service: d.service, at: at}.presign(t, request(t, method, to, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	method := http.MethodGet
	if d.protocol == "s3" {
		method = http.MethodPut
	}
	f("expired presigned URL", stalelink, request(t, method, link(time.Now().Add(-2*time.Minute)).String(), nil))
	f("presigned URL with another method", mismatch, request(t, http.MethodDelete, link(time.Now()).String(), nil))
	u := link(time.Now())
	q := u.Query()
	q.Set("Marker", "x")
	u.RawQuery = q.Encode()
	f("presigned URL with another parameter", mismatch, request(t, method, u.String(), nil))
	u = link(time.Now())
	u.RawQuery = strings.Replace(u.RawQuery, "X-Amz-Expires=60", "X-Amz-Expires=600", 1)
	f("presigned URL with a longer life", mismatch, request(t, method, u.String(), nil))
	u = link(time.Now())
	u.Path += "x"
	f("presigned URL with another path", mismatch, request(t, method, u.String(), nil))
}

// meet makes the strangers. They have been let in once, all but the unknown one.
func meet(t testing.TB, s *harness.Server) (x strangers) {
	ctx := context.Background()
	root := s.Root()
	x.good = harness.Must(s.Admin(ctx))(t)
	x.wrongSecret, x.nobody = x.good, x.good
	x.wrongSecret.Secret += "x"
	x.nobody.Key = "AKIAIOSFODNN7EXAMPLE"
	x.deleted = harness.Must(s.User(ctx, root, "deleted", harness.AllowAll))(t)
	x.disabled = harness.Must(s.User(ctx, root, "disabled", harness.AllowAll))(t)
	for _, c := range []harness.Caller{x.deleted, x.disabled} {
		if _, err := c.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.IAM().DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("deleted"), AccessKeyId: &x.deleted.Key}); err != nil {
		t.Fatal(err)
	}
	if _, err := root.IAM().UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("disabled"), AccessKeyId: &x.disabled.Key,
		Status: types.StatusTypeInactive}); err != nil {
		t.Fatal(err)
	}
	session := func() harness.Caller {
		out, err := x.good.STS().GetSessionToken(ctx, &sts.GetSessionTokenInput{})
		if err != nil {
			t.Fatal(err)
		}
		return s.Caller(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	}
	x.foreignToken, x.noToken = session(), session()
	x.brokenToken = x.foreignToken
	x.foreignToken.Token, x.noToken.Token = x.noToken.Token, ""
	middle := len(x.brokenToken.Token) / 2
	b := []byte(x.brokenToken.Token)
	b[middle] = map[bool]byte{true: 'b', false: 'a'}[b[middle] == 'a']
	x.brokenToken.Token = string(b)
	return x
}

// expiredSession makes the server's identities an hour ago, and a session that ended since: no test waits for one.
func expiredSession(t *testing.T, dir string) identity.Credential {
	t.Helper()
	c := clock.At(time.Now().Add(-time.Hour))
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	d, err := identity.New(st, c, identity.KeyFile(filepath.Join(dir, "identity.key")))
	if err != nil {
		t.Fatal(err)
	}
	_, root, err := d.Bootstrap(t.Context(), harness.RootKey, harness.RootSecret)
	if err != nil {
		t.Fatal(err)
	}
	session, err := d.Issue(root.Principal, 15*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// state is all that a stranger could have changed: identities, accounts, objects and the record of management calls. Its own
// calls only read and leave no trace in it.
func state(t testing.TB, s *harness.Server) string {
	t.Helper()
	ctx, root := context.Background(), s.Root()
	identities, err := root.IAM().GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeUser, types.EntityTypeRole, types.EntityTypeGroup, types.EntityTypeLocalManagedPolicy}})
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := root.Organizations().ListAccounts(ctx, &organizations.ListAccountsInput{})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := root.S3().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("stay-out")})
	if err != nil {
		t.Fatal(err)
	}
	events, err := root.CloudTrail().LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	if err != nil {
		t.Fatal(err)
	}
	shares, err := ram.NewFromConfig(root.Config()).GetResourceShares(ctx, &ram.GetResourceSharesInput{ResourceOwner: "SELF"})
	if err != nil {
		t.Fatal(err)
	}
	databases, err := glue.NewFromConfig(root.Config()).GetDatabases(ctx, &glue.GetDatabasesInput{})
	if err != nil {
		t.Fatal(err)
	}
	made, err := messaging(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	var writes []string
	for _, e := range events.Events {
		if *e.ReadOnly == "false" {
			writes = append(writes, *e.EventName)
		}
	}
	out, err := json.Marshal([]any{identities.UserDetailList, identities.RoleDetailList, identities.GroupDetailList, identities.Policies,
		accounts.Accounts, shares.ResourceShares, databases.DatabaseList, made, objects.Contents, writes})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// messaging lists queues, topics, rules, groups of schedules, layers, HTTP APIs, groups of logs and repositories of images.
func messaging(ctx context.Context, root harness.Caller) ([]any, error) {
	queues, err := sqs.NewFromConfig(root.Config()).ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return nil, err
	}
	topics, err := sns.NewFromConfig(root.Config()).ListTopics(ctx, &sns.ListTopicsInput{})
	if err != nil {
		return nil, err
	}
	rules, err := eventbridge.NewFromConfig(root.Config()).ListRules(ctx, &eventbridge.ListRulesInput{})
	if err != nil {
		return nil, err
	}
	groups, err := scheduler.NewFromConfig(root.Config()).ListScheduleGroups(ctx, &scheduler.ListScheduleGroupsInput{})
	if err != nil {
		return nil, err
	}
	images, err := ecr.NewFromConfig(root.Config()).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	if err != nil {
		return nil, err
	}
	logs, err := cloudwatchlogs.NewFromConfig(root.Config()).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		return nil, err
	}
	layers, err := lambda.NewFromConfig(root.Config()).ListLayers(ctx, &lambda.ListLayersInput{})
	if err != nil {
		return nil, err
	}
	apis, err := apigatewayv2.NewFromConfig(root.Config()).GetApis(ctx, &apigatewayv2.GetApisInput{})
	if err != nil {
		return nil, err
	}
	return []any{queues.QueueUrls, topics.Topics, rules.Rules, groups.ScheduleGroups, layers.Layers, apis.Items, logs.LogGroups, images.Repositories}, nil
}
