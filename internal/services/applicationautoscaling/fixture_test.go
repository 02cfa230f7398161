package applicationautoscaling_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/applicationautoscaling"
	alarms "github.com/atelier-studio/atelier/internal/services/cloudwatch"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/smithy-go"
)

const (
	region    = "us-east-1"
	resource  = "endpoint/e/variant/v"
	namespace = types.ServiceNamespaceSagemaker
	dimension = types.ScalableDimensionSageMakerVariantDesiredInstanceCount
)

var (
	str = aws.String
	i32 = aws.Int32
)

// fixture is Application Auto Scaling with CloudWatch behind the whole chain, and one resource whose capacity is a number.
type fixture struct {
	*applicationautoscaling.Client
	cloudwatch *cloudwatch.Client
	t          testing.TB
	ctx        context.Context
	clock      *clock.Manual
	service    *service.Service
	alarms     *alarms.Service
	keeper     *metrics.Keeper
	chain      *wire.Chain
	desk       *delivery.Desk
	account    string

	mu       sync.Mutex
	capacity int
	sets     int
	broken   error
}

func open(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, ctx: t.Context(), clock: clock.At(time.Now().UTC().Truncate(time.Minute)), capacity: 1}
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: f.clock})
	f.ok(err)
	directory, err := identity.New(st, f.clock)
	f.ok(err)
	_, key, err := directory.Bootstrap(t.Context(), "", "")
	f.ok(err)
	f.account = key.Principal.Account
	desk := delivery.New(delivery.Config{Store: st, Clock: f.clock})
	f.desk = desk
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	clients := &delivery.Clients{Directory: directory, Clock: f.clock,
		Configure: func(p authz.Principal, region string) aws.Config { return f.chain.AWSConfig(p, region) }}
	d := service.Dimensions()
	x := d[dimension]
	x.Get = func(context.Context, aws.Config, string) (int, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.capacity, nil
	}
	x.Set = func(_ context.Context, _ aws.Config, _ string, n int) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.broken != nil {
			return f.broken
		}
		f.capacity = n
		f.sets++
		return nil
	}
	d[dimension] = x
	f.keeper = metrics.New(metrics.Config{Store: st, Clock: f.clock})
	f.alarms = alarms.New(alarms.Config{Store: st, Metrics: f.keeper, Desk: desk, Clients: clients, Clock: f.clock, Logger: log})
	f.service = service.New(service.Config{Store: st, Directory: directory, Desk: desk, Clients: clients, Dimensions: d, Clock: f.clock, Logger: log})
	f.chain, err = wire.New(wire.Config{Services: []wire.Service{f.service, f.alarms}, Directory: directory, Clock: clock.System{}, S3: http.NotFoundHandler(),
		Logger: log, Region: region})
	f.ok(err)
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { desk.Run(ctx) })
	all.Go(func() { f.alarms.Run(ctx) })
	all.Go(func() { f.service.Run(ctx) })
	t.Cleanup(func() {
		stop()
		all.Wait()
		f.ok(st.Close())
	})
	c := f.chain.AWSConfig(key.Principal, region)
	c.RetryMaxAttempts = 1
	c.Credentials = credentials.NewStaticCredentialsProvider(key.AccessKeyID, key.SecretAccessKey, "")
	f.Client, f.cloudwatch = applicationautoscaling.NewFromConfig(c), cloudwatch.NewFromConfig(c)
	return f
}

func (f *fixture) ok(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) fails(err error, code string) {
	f.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		f.t.Errorf("got %v, want %s", err, code)
	}
}

func (f *fixture) soon(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s does not come: capacity %d, %v", what, f.has(), f.activities(true))
		}
	}
}

func (f *fixture) has() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.capacity
}

func (f *fixture) becomes(n int) {
	f.t.Helper()
	f.soon("the capacity", func() bool { return f.has() == n })
}

// pass lets a minute pass, of which the metric had a value.
func (f *fixture) pass(metric string, value float64) {
	f.keeper.Record(f.account, region, "N", metrics.Datum{Name: metric, Value: value})
	f.clock.Advance(time.Minute)
	f.alarms.Wake()
	f.service.Wake()
}

func (f *fixture) register(least, most int32) {
	f.t.Helper()
	_, err := f.RegisterScalableTarget(f.ctx, &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: namespace, ScalableDimension: dimension,
		ResourceId: str(resource), MinCapacity: &least, MaxCapacity: &most})
	f.ok(err)
}

func (f *fixture) activities(all bool) (out []string) {
	list, err := f.DescribeScalingActivities(f.ctx, &applicationautoscaling.DescribeScalingActivitiesInput{ServiceNamespace: namespace, IncludeNotScaledActivities: &all})
	f.ok(err)
	for _, a := range list.ScalingActivities {
		out = append(out, string(a.StatusCode)+" "+*a.Description+" "+*a.Cause)
	}
	return out
}

func tracking(target float64, metric string) *types.TargetTrackingScalingPolicyConfiguration {
	return &types.TargetTrackingScalingPolicyConfiguration{TargetValue: &target, ScaleInCooldown: i32(0), ScaleOutCooldown: i32(180),
		CustomizedMetricSpecification: &types.CustomizedMetricSpecification{Namespace: str("N"), MetricName: &metric, Statistic: "Average"}}
}

func (f *fixture) policy(name string, c *types.TargetTrackingScalingPolicyConfiguration) *applicationautoscaling.PutScalingPolicyOutput {
	f.t.Helper()
	out, err := f.PutScalingPolicy(f.ctx, &applicationautoscaling.PutScalingPolicyInput{PolicyName: &name, PolicyType: types.PolicyTypeTargetTrackingScaling,
		ServiceNamespace: namespace, ScalableDimension: dimension, ResourceId: str(resource), TargetTrackingScalingPolicyConfiguration: c})
	f.ok(err)
	return out
}
