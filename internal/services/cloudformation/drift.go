package cloudformation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
)

// detection is a look at whether a stack is still what its template says.
type detection struct {
	Stack   store.Key
	Name    string
	Time    time.Time
	Status  types.StackDriftStatus
	Drifted int32
}

// looking makes a run that reads a stack's resources in the caller's name.
func (s *Service) looking(ctx context.Context, name *string) (*run, error) {
	k, st, _, err := s.updating(ctx, text(name))
	if err != nil {
		return nil, err
	}
	if busy(st.Status) || st.Status == types.StackStatusRollbackComplete {
		return nil, invalid("Drift detection cannot be performed on stack [%s] in status %s", st.arn(k), st.Status)
	}
	st.Owner, st.Host = caller(ctx), wire.CallOf(ctx).Host
	r := &run{s: s, k: k, st: st, ctx: ctx, calls: make(chan struct{}, atOnce), rows: map[string]row{}}
	r.config = sync.OnceValues(func() (aws.Config, error) { return s.config(ctx, k, &st) })
	return r, r.load()
}

// detect looks at one resource.
func (r *run) detect(w *row) (*rowDrift, error) {
	t := r.s.must(w.Type)
	d := &rowDrift{Status: types.StackResourceDriftStatusNotChecked, Time: r.s.Clock.Now()}
	if t.Read == nil || w.Now == nil {
		return d, nil
	}
	q, err := r.request(w, *w.Now, "")
	if err != nil {
		return nil, err
	}
	var state resource.State
	err = r.call(func(ctx context.Context) (err error) { state, err = t.Read(ctx, q); return err })
	d.Expected = r.masked(compact(w.Now.Properties))
	switch {
	case errors.Is(err, resource.ErrGone):
		d.Status = types.StackResourceDriftStatusDeleted
		return d, nil
	case err != nil:
		return nil, err
	}
	told := map[string]any{}
	for name := range w.Now.Properties { // what a type cannot tell is not compared
		if v, ok := state.Properties[name]; ok {
			told[name] = v
			d.Differences = append(d.Differences, differences("/"+name, w.Now.Properties[name], v)...)
		}
	}
	d.Status, d.Actual = types.StackResourceDriftStatusInSync, r.masked(compact(told))
	if len(d.Differences) > 0 {
		d.Status = types.StackResourceDriftStatusModified
	}
	return d, nil
}

// differences tells where two values differ, by path.
func differences(path string, want, is any) (out []types.PropertyDifference) {
	a, aok := want.(map[string]any)
	b, bok := is.(map[string]any)
	x, xok := want.([]any)
	y, yok := is.([]any)
	switch {
	case resource.Same(want, is):
		return nil
	case aok && bok:
		names := maps.Clone(a)
		maps.Copy(names, b)
		for _, n := range slices.Sorted(maps.Keys(names)) {
			out = append(out, differences(path+"/"+n, a[n], b[n])...)
		}
		return out
	case xok && yok && len(x) == len(y):
		for i := range x {
			out = append(out, differences(path+"/"+strconv.Itoa(i), x[i], y[i])...)
		}
		return out
	}
	d := types.PropertyDifference{PropertyPath: &path, DifferenceType: types.DifferenceTypeNotEqual, ExpectedValue: some(resource.Text(want)), ActualValue: some(resource.Text(is))}
	if want == nil {
		d.DifferenceType, d.ExpectedValue = types.DifferenceTypeAdd, some("null")
	} else if is == nil {
		d.DifferenceType, d.ActualValue = types.DifferenceTypeRemove, some("null")
	}
	return []types.PropertyDifference{d}
}

// detectAll looks at resources, and writes what it finds.
func (r *run) detectAll(names []string) (map[string]row, error) {
	requires := map[string][]string{}
	for _, n := range names {
		requires[n] = nil
	}
	failed := walk(requires, r.never, false, func(name string) error {
		w, ok := r.row(name)
		if !ok {
			return invalid("Resource %s does not exist for stack %s", name, r.st.Name)
		}
		d, err := r.detect(&w)
		if err != nil {
			return err
		}
		w.Drift = d
		r.mu.Lock()
		r.rows[name] = w
		r.mu.Unlock()
		return nil
	})
	for _, err := range failed {
		return nil, invalid("%s", messageOf(err))
	}
	return r.rows, r.s.Store.Update(r.ctx, func(tx *store.Tx) error {
		for _, n := range names {
			w, err := r.s.rows.Get(tx, under(r.k, n))
			if err == nil {
				w.Drift = r.rows[n].Drift
				err = r.s.rows.Put(tx, under(r.k, n), w)
			}
			if err != nil && !absent(err) {
				return err
			}
		}
		return nil
	})
}

// DetectStackDrift looks whether a stack's resources are what the template says. It is done when it answers.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html
func (s *Service) DetectStackDrift(ctx context.Context, in *cloudformation.DetectStackDriftInput) (*cloudformation.DetectStackDriftOutput, error) {
	r, err := s.looking(ctx, in.StackName)
	if err != nil {
		return nil, err
	}
	names := in.LogicalResourceIds
	if len(names) == 0 {
		names = r.names()
	}
	rows, err := r.detectAll(names)
	if err != nil {
		return nil, err
	}
	d := detection{Stack: r.k, Name: r.st.Name, Time: s.Clock.Now(), Status: types.StackDriftStatusInSync}
	for _, w := range rows {
		if w.Drift != nil && (w.Drift.Status == types.StackResourceDriftStatusModified || w.Drift.Status == types.StackResourceDriftStatusDeleted) {
			d.Drifted++
			d.Status = types.StackDriftStatusDrifted
		}
	}
	id := uuid.NewString()
	return &cloudformation.DetectStackDriftOutput{StackDriftDetectionId: &id}, s.Store.Update(ctx, func(tx *store.Tx) error {
		st, err := s.stacks.Get(tx, r.k)
		if err != nil {
			return err
		}
		st.Drift = &stackDrift{d.Status, d.Time}
		if err := s.stacks.Put(tx, r.k, st); err != nil {
			return err
		}
		return s.drifts.Put(tx, at(r.k, id), d)
	})
}

// DescribeStackDriftDetectionStatus tells what a look found.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html
func (s *Service) DescribeStackDriftDetectionStatus(ctx context.Context, in *cloudformation.DescribeStackDriftDetectionStatusInput) (*cloudformation.DescribeStackDriftDetectionStatusOutput, error) {
	var d detection
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.drifts.Get(tx, here(ctx, text(in.StackDriftDetectionId)))
		return err
	})
	if absent(err) {
		return nil, invalid("Drift detection with id %s does not exist", text(in.StackDriftDetectionId))
	}
	return &cloudformation.DescribeStackDriftDetectionStatusOutput{StackDriftDetectionId: in.StackDriftDetectionId, StackId: some(stackARN(d.Stack, d.Name)),
		DetectionStatus: types.StackDriftDetectionStatusDetectionComplete, StackDriftStatus: d.Status, DriftedStackResourceCount: &d.Drifted, Timestamp: &d.Time}, err
}

func (r *run) drift(w row) types.StackResourceDrift {
	d := w.Drift
	out := types.StackResourceDrift{LogicalResourceId: some(w.Logical), PhysicalResourceId: w.told(), ResourceType: some(w.Type), StackId: some(r.st.arn(r.k)),
		StackResourceDriftStatus: d.Status, Timestamp: &d.Time, ExpectedProperties: filled(d.Expected), ActualProperties: filled(d.Actual)}
	out.PropertyDifferences = d.Differences
	return out
}

// DetectStackResourceDrift looks at one resource.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackResourceDrift.html
func (s *Service) DetectStackResourceDrift(ctx context.Context, in *cloudformation.DetectStackResourceDriftInput) (*cloudformation.DetectStackResourceDriftOutput, error) {
	r, err := s.looking(ctx, in.StackName)
	if err != nil {
		return nil, err
	}
	rows, err := r.detectAll([]string{text(in.LogicalResourceId)})
	if err != nil {
		return nil, err
	}
	return &cloudformation.DetectStackResourceDriftOutput{StackResourceDrift: some(r.drift(rows[text(in.LogicalResourceId)]))}, nil
}

// DescribeStackResourceDrifts tells of the resources that were looked at.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html
func (s *Service) DescribeStackResourceDrifts(ctx context.Context, in *cloudformation.DescribeStackResourceDriftsInput) (*cloudformation.DescribeStackResourceDriftsOutput, error) {
	k, st, _, err := s.updating(ctx, text(in.StackName))
	if err != nil {
		return nil, err
	}
	r := &run{s: s, k: k, st: st, ctx: ctx}
	if err := r.load(); err != nil {
		return nil, err
	}
	out := &cloudformation.DescribeStackResourceDriftsOutput{StackResourceDrifts: []types.StackResourceDrift{}}
	for _, name := range r.names() {
		w := r.rows[name]
		f := in.StackResourceDriftStatusFilters
		if w.Drift != nil && (len(f) == 0 && w.Drift.Status != types.StackResourceDriftStatusNotChecked || slices.Contains(f, w.Drift.Status)) {
			out.StackResourceDrifts = append(out.StackResourceDrifts, r.drift(w))
		}
	}
	size := pageSize
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	out.StackResourceDrifts, out.NextToken, err = wire.Page(ctx, out.StackResourceDrifts, func(d types.StackResourceDrift) string { return *d.LogicalResourceId }, size, in.NextToken)
	return out, paged(err)
}
