package glue_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/glue"
	"github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
)

const region = "us-east-1"

// fixture is Glue behind the whole chain, called by SDK clients, whose signatures need the day's time.
type fixture struct {
	*glue.Client
	t         testing.TB
	st        *store.Store
	clock     *clock.Manual
	directory *identity.Directory
	ledger    *governance.Ledger
	glue      *service.Service
	catalog   *catalog.Directory
	chain     *wire.Chain
	dir       string
	key       identity.Credential
	root      authz.Principal
	account   string
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.At(time.Now().UTC().Truncate(time.Second))}
	dir := t.TempDir()
	f.dir = dir
	var err error
	f.st, err = store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	d, err := identity.New(f.st, f.clock)
	f.ok(err)
	_, root, err := d.Bootstrap(t.Context(), "", "")
	f.ok(err)
	f.directory, f.key, f.root, f.account = d, root, root.Principal, root.Principal.Account
	f.ledger = governance.New(governance.Config{Store: f.st, Directory: d, Clock: f.clock})
	f.catalog = catalog.New(f.st)
	runner := jobs.New(jobs.Config{Store: f.st, Dir: dir, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	clients := func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }
	f.glue = service.New(service.Config{Store: f.st, Directory: d, Ledger: f.ledger, Catalog: f.catalog, Jobs: runner, Clients: clients, Clock: f.clock})
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{iam.New(iam.Config{Directory: d, Clock: f.clock}), f.glue},
		Directory: d, Clock: f.clock, S3: http.NotFoundHandler(), Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), Region: region})
	f.ok(err)
	runner.Start(t.Context())
	t.Cleanup(func() {
		if err := errors.Join(runner.Stop(10*time.Second), f.st.Close()); err != nil {
			t.Error(err)
		}
	})
	f.Client = f.as(f.root)
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// as is a client that calls once.
func (f *fixture) as(p authz.Principal) *glue.Client {
	c := f.chain.AWSConfig(p, region)
	c.RetryMaxAttempts = 1
	return glue.NewFromConfig(c)
}

// iam is the root user's client of IAM, which no session may call.
func (f *fixture) iam() *iamsdk.Client {
	config := f.chain.AWSConfig(f.root, region)
	config.Credentials = credentials.NewStaticCredentialsProvider(f.key.AccessKeyID, f.key.SecretAccessKey, "")
	return iamsdk.NewFromConfig(config)
}

// user makes an IAM user of the account with a policy.
func (f *fixture) user(name, policy string) authz.Principal {
	f.t.Helper()
	c := f.iam()
	out, err := c.CreateUser(f.t.Context(), &iamsdk.CreateUserInput{UserName: &name})
	f.ok(err)
	_, err = c.PutUserPolicy(f.t.Context(), &iamsdk.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	f.ok(err)
	return authz.Principal{Kind: authz.User, Account: f.account, ARN: *out.User.Arn, UserID: *out.User.UserId, Name: name}
}

const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// stranger is the root user of another account, which it makes.
func (f *fixture) stranger(account string) authz.Principal {
	f.t.Helper()
	f.ok(f.st.Update(f.t.Context(), func(tx *store.Tx) error {
		return f.directory.Accounts.Insert(tx, identity.IDKey(account), identity.Account{ID: account, Status: identity.AccountActive})
	}))
	return authz.Principal{Kind: authz.Root, Account: account, ARN: "arn:aws:iam::" + account + ":root", UserID: account}
}

// grant gives a permission of Lake Formation.
func (f *fixture) grant(g governance.Grant) {
	f.t.Helper()
	if g.Grantor == "" {
		g.Grantor = f.account
	}
	g.Region = region
	f.ok(f.st.Update(f.t.Context(), func(tx *store.Tx) error { return f.ledger.Grants.Put(tx, g.Key(), g) }))
}

// govern takes the account's new databases and tables from IAM.
func (f *fixture) govern() {
	f.t.Helper()
	f.ok(f.st.Update(f.t.Context(), func(tx *store.Tx) error {
		return f.ledger.Settings.Put(tx, governance.SettingsKey(f.account, region), governance.Settings{})
	}))
}

func (f *fixture) res(database, table string) governance.Resource {
	r := governance.Resource{Kind: governance.Database, Catalog: f.account, Database: database}
	if table != "" {
		r.Kind, r.Table = governance.Table, table
	}
	return r
}

func (f *fixture) database(name string) {
	f.t.Helper()
	_, err := f.CreateDatabase(f.t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}})
	f.ok(err)
}

func input(name string, columns ...string) *types.TableInput {
	in := &types.TableInput{Name: &name, TableType: aws.String("EXTERNAL_TABLE"), StorageDescriptor: &types.StorageDescriptor{
		Location: aws.String("s3://lake/" + name)}}
	for _, c := range columns {
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, types.Column{Name: aws.String(c), Type: aws.String("string")})
	}
	return in
}

func (f *fixture) table(database, name string, columns ...string) {
	f.t.Helper()
	_, err := f.CreateTable(f.t.Context(), &glue.CreateTableInput{DatabaseName: &database, TableInput: input(name, columns...)})
	f.ok(err)
}

// get reads a table as its columns.
func (f *fixture) get(c *glue.Client, database, name string) (*types.Table, string) {
	f.t.Helper()
	out, err := c.GetTable(f.t.Context(), &glue.GetTableInput{DatabaseName: &database, Name: &name})
	f.ok(err)
	return out.Table, columnsOf(out.Table)
}

func columnsOf(t *types.Table) string {
	var names []string
	if t.StorageDescriptor != nil {
		for _, c := range t.StorageDescriptor.Columns {
			names = append(names, *c.Name)
		}
	}
	return strings.Join(names, ",")
}

// fails holds err to be of a code and to say text.
func (f *fixture) fails(what string, err error, code, text string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		f.t.Errorf("%s: %v, want %s with %q", what, err, code, text)
	}
}

// events are those that were told since the last time, as "type of change: tables".
func (f *fixture) events(n int) (out []bus.Event) {
	f.t.Helper()
	ctx, stop := context.WithTimeout(f.t.Context(), 10*time.Second)
	defer stop()
	f.st.Subscribe(ctx, "test", func(_ context.Context, e bus.Event) error {
		if out = append(out, e); len(out) >= n {
			stop()
		}
		return nil
	})
	return out
}

func detail(e bus.Event) map[string]any {
	out := map[string]any{}
	_ = json.Unmarshal(e.Detail, &out)
	return out
}

func names[T any](list []T, name func(T) *string) string {
	var out []string
	for _, v := range list {
		out = append(out, aws.ToString(name(v)))
	}
	return strings.Join(out, " ")
}
