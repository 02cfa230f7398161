package sagemaker

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/wire"
)

// fixture is the service on a real store, with a role and the bytes that go to S3.
type fixture struct {
	*Service
	t     *testing.T
	ctx   context.Context // of a call of the account
	key   store.Key       // of the endpoint "e"
	clock *clock.Manual
	role  string

	mu       sync.Mutex
	objects  map[string]string // what was written to S3, by path
	measured map[string]float64
}

// Record keeps the sums.
func (f *fixture) Record(_, _, _ string, data ...metrics.Datum) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range data {
		f.measured[d.Name] += d.Value
	}
}

// ServeHTTP is S3: it keeps what is put, and gives it back.
func (f *fixture) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Method == http.MethodPut {
		b, _ := io.ReadAll(r.Body)
		f.objects[r.URL.Path] = string(b)
		return
	}
	b, ok := f.objects[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = io.WriteString(w, b)
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.At(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), objects: map[string]string{}, measured: map[string]float64{}}
	dir := t.TempDir()
	st, err := store.Open(t.Context(), store.Config{Dir: dir, Clock: f.clock})
	f.ok(err)
	t.Cleanup(func() { _ = st.Close() })
	day := clock.System{} // signatures need the day's time
	directory, err := identity.New(st, day)
	f.ok(err)
	_, root, err := directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	var chain *wire.Chain
	clients := &delivery.Clients{Directory: directory, Clock: f.clock, Configure: func(p authz.Principal, region string) aws.Config { return chain.AWSConfig(p, region) }}
	f.Service = New(Config{Store: st, Directory: directory, Jobs: jobs.New(jobs.Config{Store: st, Dir: dir}), Desk: delivery.New(delivery.Config{Store: st, Clock: f.clock}),
		Clients: clients, Metrics: f, Fleet: hosting.New(hosting.Config{Dir: dir}), Dir: dir, Clock: f.clock, Logger: log})
	t.Cleanup(f.Fleet.Close)
	chain, err = wire.New(wire.Config{Services: []wire.Service{iam.New(iam.Config{Directory: directory, Clock: day}), f.Service}, Directory: directory, Clock: day, S3: f,
		Logger: log, Region: "us-east-1"})
	f.ok(err)
	cfg := chain.AWSConfig(root.Principal, "us-east-1")
	cfg.Credentials = credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.SecretAccessKey, "")
	role, err := awsiam.NewFromConfig(cfg).CreateRole(t.Context(), &awsiam.CreateRoleInput{RoleName: aws.String("model"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	f.ok(err)
	f.role = *role.Role.Arn
	f.ctx = wire.WithCall(t.Context(), &wire.Call{Region: "us-east-1", Time: f.clock.Now(), Principal: root.Principal})
	f.key = here(f.ctx, "e")
	return f
}

// endpoint writes an endpoint that serves. change says what else it has.
func (f *fixture) endpoint(change func(*deployment)) {
	f.t.Helper()
	m := model{In: sagemaker.CreateModelInput{ExecutionRoleArn: &f.role}}
	d := &deployment{ID: newID(), Config: "c", Variants: []variant{{Of: types.ProductionVariant{VariantName: aws.String("V")}, Model: m, Weight: 1, Count: 1}}}
	if change != nil {
		change(d)
	}
	f.ok(f.Store.Update(f.ctx, func(tx *store.Tx) error {
		return f.endpoints.Put(tx, f.key, endpoint{Status: types.EndpointStatusInService, Current: d})
	}))
}

// later makes the endpoint an asynchronous one that tells its topics.
func later(d *deployment) {
	d.Async = &types.AsyncInferenceConfig{OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String("s3://b/out/"), S3FailurePath: aws.String("s3://b/failed"),
		NotificationConfig: &types.AsyncInferenceNotificationConfig{SuccessTopic: aws.String("arn:success"), ErrorTopic: aws.String("arn:error")}}}
}

// waiting counts the parcels of a courier, which nobody delivers.
func (f *fixture) waiting(kind string) (n int) {
	f.t.Helper()
	parcels := store.NewTable[delivery.Parcel](f.Store, "delivery_parcel")
	f.ok(f.Store.View(f.ctx, func(tx *store.Tx) error {
		rows, err := parcels.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		for _, r := range rows {
			if r.Value.Kind == kind {
				n++
			}
		}
		return err
	}))
	return n
}

func (f *fixture) refused(err error, text string) {
	f.t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		f.t.Errorf("got %v, want %q", err, text)
	}
}
