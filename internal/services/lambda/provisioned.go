package lambda

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// provisioned is how many processes of a version or alias are held ready.
type provisioned struct {
	Requested int32
	Modified  time.Time
}

// warmth is how far a version is in having its processes ready. It is of this run of the server alone.
type warmth struct {
	wanted, ready int32
	failure       string
	cancel        context.CancelFunc
}

// warm is what versions are to have ready: the sum over a version's qualifiers. It is asked within the image.
func (s *Service) warm() map[store.Key]int32 {
	out := map[store.Key]int32{}
	for k, f := range s.functions.Rows() {
		for q, p := range f.Provisioned {
			if a, ok := f.Aliases[q]; ok {
				q = *a.FunctionVersion
			}
			out[versionKey(k, q)] += p.Requested
		}
	}
	return out
}

// heat has the pool hold what is wanted now. It is called after every change of it, and when the server starts.
func (s *Service) heat(ctx context.Context) error {
	var want map[store.Key]int32
	rows := map[store.Key]version{}
	if err := s.image.Read(ctx, func() {
		want = s.warm()
		for k := range want {
			rows[k] = s.versions.Rows()[k]
		}
	}); err != nil {
		return err
	}
	s.warming.Lock()
	defer s.warming.Unlock()
	if s.background.Err() != nil {
		return nil // the server stops
	}
	for k, w := range s.warmths {
		if want[k] == w.wanted {
			delete(rows, k)
			continue
		}
		w.cancel()
		if want[k] == 0 {
			delete(s.warmths, k)
			name, number, _ := strings.Cut(k.ID, "/")
			at := store.Key{Account: k.Account, Region: k.Region, ID: name}
			s.workers.Go(func() {
				_ = s.Sandbox.Prepare(s.background, s.described(at, version{FunctionConfiguration: types.FunctionConfiguration{Version: &number, FunctionName: &name}}, nil), 0)
			})
		}
	}
	for k, v := range rows {
		if want[k] == 0 || v.Version == nil {
			continue
		}
		ctx, cancel := context.WithCancel(s.background)
		w := &warmth{wanted: want[k], cancel: cancel}
		s.warmths[k] = w
		s.workers.Go(func() { s.hold(ctx, k, v, w) })
	}
	return nil
}

// hold has processes of a version ready, and tries again for as long as they are wanted.
func (s *Service) hold(ctx context.Context, k store.Key, v version, w *warmth) {
	name, _, _ := strings.Cut(k.ID, "/")
	at := store.Key{Account: k.Account, Region: k.Region, ID: name}
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		dirs, err := s.dirs(ctx, v)
		if err == nil {
			err = s.Sandbox.Prepare(ctx, s.described(at, v, dirs), int(w.wanted))
		}
		s.warming.Lock()
		w.ready, w.failure = w.wanted, ""
		if err != nil {
			w.ready, w.failure = 0, err.Error()
		}
		s.warming.Unlock()
		if err == nil {
			return
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// status tells how far a configuration is.
func (s *Service) status(r ref, f function, p provisioned) types.ProvisionedConcurrencyConfigListItem {
	q := r.Qualifier
	if a, ok := f.Aliases[q]; ok {
		q = *a.FunctionVersion
	}
	zero := int32(0)
	out := types.ProvisionedConcurrencyConfigListItem{FunctionArn: aws.String(r.arn()), LastModified: aws.String(p.Modified.UTC().Format(timeForm)),
		RequestedProvisionedConcurrentExecutions: &p.Requested, Status: types.ProvisionedConcurrencyStatusEnumInProgress,
		AllocatedProvisionedConcurrentExecutions: &zero, AvailableProvisionedConcurrentExecutions: &zero}
	s.warming.Lock()
	defer s.warming.Unlock()
	switch w := s.warmths[versionKey(r.Key, q)]; {
	case w == nil:
	case w.failure != "":
		out.Status, out.StatusReason = types.ProvisionedConcurrencyStatusEnumFailed, aws.String(w.failure)
	case w.ready >= p.Requested:
		out.Status, out.AllocatedProvisionedConcurrentExecutions = types.ProvisionedConcurrencyStatusEnumReady, &p.Requested
		out.AvailableProvisionedConcurrentExecutions = &p.Requested
	}
	return out
}

// PutProvisionedConcurrencyConfig has processes of a version or alias held ready.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
func (s *Service) PutProvisionedConcurrencyConfig(ctx context.Context, in *lambda.PutProvisionedConcurrencyConfigInput) (*lambda.PutProvisionedConcurrencyConfigOutput, error) {
	r, _, _, err := s.configured(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if r.Qualifier == latest || r.Qualifier == "" {
		return nil, invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	}
	p := provisioned{*in.ProvisionedConcurrentExecutions, wire.CallOf(ctx).Time}
	var now function
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		if a, ok := f.Aliases[r.Qualifier]; ok && *a.FunctionVersion == latest {
			return invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
		}
		total := p.Requested
		for q, has := range f.Provisioned {
			if q != r.Qualifier {
				total += has.Requested
			}
		}
		if f.Reserved != nil && total > *f.Reserved {
			return invalid("Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
		}
		if total > accountConcurrency-unreserved {
			return invalid("Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [%d].", accountConcurrency-unreserved)
		}
		f.Provisioned = with(f.Provisioned, r.Qualifier, p)
		now = *f
		return nil
	}); err != nil {
		return nil, err
	}
	if err := s.heat(ctx); err != nil {
		return nil, err
	}
	c := s.status(r, now, p)
	return &lambda.PutProvisionedConcurrencyConfigOutput{AllocatedProvisionedConcurrentExecutions: c.AllocatedProvisionedConcurrentExecutions,
		AvailableProvisionedConcurrentExecutions: c.AvailableProvisionedConcurrentExecutions, LastModified: c.LastModified,
		RequestedProvisionedConcurrentExecutions: c.RequestedProvisionedConcurrentExecutions, Status: c.Status, StatusReason: c.StatusReason}, nil
}

func (s *Service) putProvisionedTargets(ctx context.Context, in *lambda.PutProvisionedConcurrencyConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

var errNoProvisioned = &types.ProvisionedConcurrencyConfigNotFoundException{Type: user,
	Message: aws.String("No Provisioned Concurrency Config found for this function")}

// GetProvisionedConcurrencyConfig tells how many processes are ready.
func (s *Service) GetProvisionedConcurrencyConfig(ctx context.Context, in *lambda.GetProvisionedConcurrencyConfigInput) (*lambda.GetProvisionedConcurrencyConfigOutput, error) {
	r, f, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	p, ok := f.Provisioned[r.Qualifier]
	if !ok {
		return nil, errNoProvisioned
	}
	c := s.status(r, f, p)
	return &lambda.GetProvisionedConcurrencyConfigOutput{AllocatedProvisionedConcurrentExecutions: c.AllocatedProvisionedConcurrentExecutions,
		AvailableProvisionedConcurrentExecutions: c.AvailableProvisionedConcurrentExecutions, LastModified: c.LastModified,
		RequestedProvisionedConcurrentExecutions: c.RequestedProvisionedConcurrentExecutions, Status: c.Status, StatusReason: c.StatusReason}, nil
}

func (s *Service) getProvisionedTargets(ctx context.Context, in *lambda.GetProvisionedConcurrencyConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// DeleteProvisionedConcurrencyConfig lets the processes go.
func (s *Service) DeleteProvisionedConcurrencyConfig(ctx context.Context, in *lambda.DeleteProvisionedConcurrencyConfigInput) (*lambda.DeleteProvisionedConcurrencyConfigOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		f.Provisioned = without(f.Provisioned, r.Qualifier)
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.DeleteProvisionedConcurrencyConfigOutput{}, s.heat(ctx)
}

func (s *Service) deleteProvisionedTargets(ctx context.Context, in *lambda.DeleteProvisionedConcurrencyConfigInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// ListProvisionedConcurrencyConfigs lists what a function has ready.
func (s *Service) ListProvisionedConcurrencyConfigs(ctx context.Context, in *lambda.ListProvisionedConcurrencyConfigsInput) (*lambda.ListProvisionedConcurrencyConfigsOutput, error) {
	r, f, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	var list []types.ProvisionedConcurrencyConfigListItem
	for q, p := range f.Provisioned {
		list = append(list, s.status(r.at(q), f, p))
	}
	order := func(c types.ProvisionedConcurrencyConfigListItem) string { return *c.FunctionArn }
	slices.SortFunc(list, func(a, b types.ProvisionedConcurrencyConfigListItem) int { return strings.Compare(order(a), order(b)) })
	out := &lambda.ListProvisionedConcurrencyConfigsOutput{}
	out.ProvisionedConcurrencyConfigs, out.NextMarker, err = page(ctx, list, order, in.MaxItems, in.Marker)
	return out, err
}

func (s *Service) listProvisionedTargets(ctx context.Context, in *lambda.ListProvisionedConcurrencyConfigsInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}
