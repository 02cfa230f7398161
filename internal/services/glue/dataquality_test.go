package glue_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql/duckdb"
	tables "github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/glue"
	"github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/services/s3"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	s3sdk "github.com/aws/aws-sdk-go-v2/service/s3"
)

// lake is a fixture with S3 and an engine, in a directory that may have been used before.
type lake struct {
	*fixture
	stop func()
}

func openLake(t testing.TB, dir string) *lake {
	t.Helper()
	f := &fixture{t: t, clock: clock.At(time.Now().UTC().Truncate(time.Second))}
	var err error
	f.st, err = store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	d, err := identity.New(f.st, f.clock, identity.KeyFile(filepath.Join(dir, "identity.key")))
	f.ok(err)
	_, root, err := d.Bootstrap(t.Context(), "AKIAATELIERTESTROOT1", "atelier/test/root/secret/key/0123456789x")
	f.ok(err)
	f.key, f.root, f.account = root, root.Principal, root.Principal.Account
	f.ledger = governance.New(governance.Config{Store: f.st, Directory: d, Clock: f.clock})
	f.catalog = catalog.New(f.st)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	objects, err := s3.New(s3.Config{Dir: filepath.Join(dir, "s3"), Directory: d, Store: f.st, Clock: f.clock, Logger: log, Region: region})
	f.ok(err)
	engine, err := duckdb.New(duckdb.Config{Dir: filepath.Join(dir, "sql")})
	f.ok(err)
	runner := jobs.New(jobs.Config{Store: f.st, Dir: dir})
	clients := func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{iam.New(iam.Config{Directory: d, Clock: f.clock}),
		service.New(service.Config{Store: f.st, Directory: d, Ledger: f.ledger, Catalog: f.catalog, Jobs: runner, Clients: clients, Engine: engine, Clock: f.clock,
			Lake: tables.New(tables.Config{Store: f.st, Directory: d, Ledger: f.ledger, Catalog: f.catalog, Clients: clients, Clock: f.clock})})},
		Directory: d, Clock: f.clock, S3: objects.Handler(), Logger: log, Region: region})
	f.ok(err)
	f.ok(objects.Start(t.Context()))
	runner.Start(t.Context())
	l := &lake{fixture: f}
	l.Client = glue.NewFromConfig(l.config()) // no session may pass roles
	stopped := false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := errors.Join(runner.Stop(10*time.Second), engine.Close(), objects.Close(), f.st.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(l.stop)
	return l
}

func (l *lake) config() aws.Config {
	c := l.chain.AWSConfig(l.root, region)
	c.Credentials = credentials.NewStaticCredentialsProvider(l.key.AccessKeyID, l.key.SecretAccessKey, "")
	return c
}

// keyed is a client of a new user with a key.
func (l *lake) keyed(name, policy string) *glue.Client {
	l.t.Helper()
	l.user(name, policy)
	out, err := iamsdk.NewFromConfig(l.config()).CreateAccessKey(l.t.Context(), &iamsdk.CreateAccessKeyInput{UserName: &name})
	l.ok(err)
	c := l.config()
	c.Credentials = credentials.NewStaticCredentialsProvider(*out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey, "")
	c.RetryMaxAttempts = 1
	return glue.NewFromConfig(c)
}

// fill makes a table of two rows, a role, and a ruleset.
func (l *lake) fill(rules string) {
	l.t.Helper()
	ctx := l.t.Context()
	c := s3sdk.NewFromConfig(l.config(), func(o *s3sdk.Options) { o.UsePathStyle = true })
	_, err := c.CreateBucket(ctx, &s3sdk.CreateBucketInput{Bucket: aws.String("lake")})
	l.ok(err)
	_, err = c.PutObject(ctx, &s3sdk.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("t/a"), Body: strings.NewReader("1\n2\n")})
	l.ok(err)
	roles := iamsdk.NewFromConfig(l.config())
	_, err = roles.CreateRole(ctx, &iamsdk.CreateRoleInput{RoleName: aws.String("quality"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	l.ok(err)
	_, err = roles.PutRolePolicy(ctx, &iamsdk.PutRolePolicyInput{RoleName: aws.String("quality"), PolicyName: aws.String("p"), PolicyDocument: aws.String(all)})
	l.ok(err)
	l.database("db")
	_, err = l.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("db"), TableInput: &types.TableInput{Name: aws.String("t"),
		StorageDescriptor: &types.StorageDescriptor{Location: aws.String("s3://lake/t/"), Columns: []types.Column{{Name: aws.String("id"), Type: aws.String("int")}},
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe")}}}})
	l.ok(err)
	_, err = l.CreateDataQualityRuleset(ctx, &glue.CreateDataQualityRulesetInput{Name: aws.String("r"), Ruleset: &rules})
	l.ok(err)
}

func (l *lake) start() string {
	l.t.Helper()
	out, err := l.StartDataQualityRulesetEvaluationRun(l.t.Context(), &glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"r"},
		Role: aws.String("quality"), DataSource: &types.DataSource{GlueTable: &types.GlueTable{DatabaseName: aws.String("db"), TableName: aws.String("t")}}})
	l.ok(err)
	return *out.RunId
}

// await waits until a run is as wanted, or has ended.
func (l *lake) await(id string, want types.TaskStatusType) *glue.GetDataQualityRulesetEvaluationRunOutput {
	l.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := l.GetDataQualityRulesetEvaluationRun(l.t.Context(), &glue.GetDataQualityRulesetEvaluationRunInput{RunId: &id})
		l.ok(err)
		if out.Status == want {
			return out
		}
		if out.CompletedOn != nil || time.Now().After(deadline) {
			l.t.Fatalf("the run is %s, not %s: %s", out.Status, want, aws.ToString(out.ErrorString))
		}
	}
}

func TestDataQualityEvent(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.fill("Rules = [ RowCount = 2, RowCount = 3 ]")
	run := l.await(l.start(), types.TaskStatusTypeSucceeded)
	for _, e := range l.events(3) {
		if e.Source != "aws.glue-dataquality" {
			continue
		}
		d := detail(e)
		in, _ := d["context"].(map[string]any)
		if e.DetailType != "Data Quality Evaluation Results Available" || e.Account != l.account || d["state"] != "FAILED" || d["score"] != 0.5 ||
			d["resultID"] != run.ResultIds[0] || in["tableName"] != "t" || in["databaseName"] != "db" || in["runId"] != *run.RunId ||
			d["rulesSucceeded"] != 1.0 || d["rulesFailed"] != 1.0 {
			t.Errorf("event %s: %s", e.DetailType, e.Detail)
		}
		return
	}
	t.Error("nothing was told of the result")
}

// long is a rule that takes hours.
const long = `Rules = [ CustomSql "select sum(a.x * b.x) from primary, unnest(sequence(1, 1000000)) as a(x), unnest(sequence(1, 1000000)) as b(x)" > 1 ]`

// TestDataQualityRestart holds that a run goes on after the server ended in its midst: with the rules as they are then.
func TestDataQualityRestart(t *testing.T) {
	dir := t.TempDir()
	l := openLake(t, dir)
	l.fill(long)
	id := l.start()
	l.await(id, types.TaskStatusTypeRunning)
	_, err := l.UpdateDataQualityRuleset(t.Context(), &glue.UpdateDataQualityRulesetInput{Name: aws.String("r"), Ruleset: aws.String("Rules = [ RowCount = 2 ]")})
	l.ok(err)
	l.stop()
	l = openLake(t, dir)
	if run := l.await(id, types.TaskStatusTypeSucceeded); len(run.ResultIds) != 1 {
		t.Errorf("run: %+v", run)
	}
}

// TestDataQualityRights holds that passing a role has to be allowed, and rulesets are by name.
func TestDataQualityRights(t *testing.T) {
	l := openLake(t, t.TempDir())
	l.fill("Rules = [ RowCount = 2 ]")
	statement := func(action, resource string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
	}
	ruleset := "arn:aws:glue:" + region + ":" + l.account + ":dataQualityRuleset/"
	start := func(c *glue.Client) error {
		_, err := c.StartDataQualityRulesetEvaluationRun(t.Context(), &glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"r"},
			Role: aws.String("quality"), DataSource: &types.DataSource{GlueTable: &types.GlueTable{DatabaseName: aws.String("db"), TableName: aws.String("t")}}})
		return err
	}
	l.fails("without passing", start(l.keyed("a", statement("glue:*", "*"))), "AccessDeniedException", "iam:PassRole")
	l.ok(start(l.keyed("c", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","iam:PassRole"],"Resource":"*"}]}`)))
	c := l.keyed("b", statement("glue:GetDataQualityRuleset", ruleset+"r"))
	_, err := c.GetDataQualityRuleset(t.Context(), &glue.GetDataQualityRulesetInput{Name: aws.String("r")})
	l.ok(err)
	_, err = c.GetDataQualityRuleset(t.Context(), &glue.GetDataQualityRulesetInput{Name: aws.String("s")})
	l.fails("another ruleset", err, "AccessDeniedException", "glue:GetDataQualityRuleset")
	l.fails("no ruleset", start(c), "AccessDeniedException", "glue:StartDataQualityRulesetEvaluationRun")
}
