package athena

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// primary is the workgroup that every account has.
const primary = "primary"

// workgroup is a workgroup as it is kept.
type workgroup struct {
	types.WorkGroup
	Tags map[string]string `json:",omitempty"`
}

func workgroupARN(region, account, name string) string {
	return arn.New("athena", region, account, "workgroup/"+name)
}

// onWorkgroup names a workgroup ("" means the primary one) as what an operation touches.
func onWorkgroup(ctx context.Context, names ...*string) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	var out []wire.Target
	for _, name := range names {
		out = append(out, wire.Target{Resource: workgroupARN(call.Region, call.Account(), orPrimary(name))})
	}
	return out, nil
}

func orPrimary(name *string) string {
	if aws.ToString(name) == "" {
		return primary
	}
	return *name
}

// workgroup reads a workgroup. The primary one is there before anybody changed it.
func (s *Service) workgroup(tx *store.Tx, account, region, name string) (workgroup, error) {
	w, err := s.workgroups.Get(tx, store.Key{Account: account, Region: region, ID: name})
	if errors.Is(err, store.ErrNotFound) {
		if name == primary {
			return firstWorkgroup(), nil
		}
		return w, invalid("WorkGroup %s is not found.", name)
	}
	return w, err
}

func firstWorkgroup() workgroup {
	return workgroup{WorkGroup: types.WorkGroup{Name: aws.String(primary), State: types.WorkGroupStateEnabled, CreationTime: aws.Time(time.Unix(0, 0).UTC()),
		Configuration: &types.WorkGroupConfiguration{EngineVersion: engineVersion(nil), EnforceWorkGroupConfiguration: aws.Bool(false),
			PublishCloudWatchMetricsEnabled: aws.Bool(false), RequesterPaysEnabled: aws.Bool(false), ResultConfiguration: &types.ResultConfiguration{}}}}
}

// CreateWorkGroup makes a workgroup.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_CreateWorkGroup.html
func (s *Service) CreateWorkGroup(ctx context.Context, in *athena.CreateWorkGroupInput) (*athena.CreateWorkGroupOutput, error) {
	call := wire.CallOf(ctx)
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	c := in.Configuration
	if c == nil {
		c = &types.WorkGroupConfiguration{}
	}
	if err := checkWorkgroup(c); err != nil {
		return nil, err
	}
	w := workgroup{Tags: tags, WorkGroup: types.WorkGroup{Name: in.Name, Configuration: c, Description: in.Description,
		State: types.WorkGroupStateEnabled, CreationTime: aws.Time(call.Time)}}
	c.EngineVersion = engineVersion(c.EngineVersion)
	for _, flag := range []**bool{&c.EnforceWorkGroupConfiguration, &c.PublishCloudWatchMetricsEnabled} {
		if *flag == nil {
			*flag = aws.Bool(true)
		}
	}
	if c.RequesterPaysEnabled == nil {
		c.RequesterPaysEnabled = aws.Bool(false)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		already := invalid("WorkGroup is already created")
		if *in.Name == primary {
			return already
		}
		return taken(s.workgroups.Insert(tx, store.Key{Account: call.Account(), Region: call.Region, ID: *in.Name}, w), already)
	})
	if err != nil {
		return nil, err
	}
	return &athena.CreateWorkGroupOutput{}, nil
}

func (s *Service) createWorkGroupTargets(ctx context.Context, in *athena.CreateWorkGroupInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.Name)
}

// GetWorkGroup describes a workgroup.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetWorkGroup.html
func (s *Service) GetWorkGroup(ctx context.Context, in *athena.GetWorkGroupInput) (*athena.GetWorkGroupOutput, error) {
	call := wire.CallOf(ctx)
	out := &athena.GetWorkGroupOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		w, err := s.workgroup(tx, call.Account(), call.Region, *in.WorkGroup)
		out.WorkGroup = &w.WorkGroup
		return err
	})
}

func (s *Service) getWorkGroupTargets(ctx context.Context, in *athena.GetWorkGroupInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// ListWorkGroups lists workgroups in order of name.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListWorkGroups.html
func (s *Service) ListWorkGroups(ctx context.Context, in *athena.ListWorkGroupsInput) (*athena.ListWorkGroupsOutput, error) {
	call := wire.CallOf(ctx)
	var list []workgroup
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.workgroups.List(tx, store.Range{Account: call.Account(), Region: call.Region})
		list = values(rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	if at, ok := slices.BinarySearchFunc(list, primary, func(w workgroup, name string) int {
		return strings.Compare(*w.Name, name)
	}); !ok {
		list = slices.Insert(list, at, firstWorkgroup())
	}
	list, next, err := page(ctx, list, func(w workgroup) string { return *w.Name }, in.MaxResults, in.NextToken)
	out := &athena.ListWorkGroupsOutput{NextToken: next, WorkGroups: []types.WorkGroupSummary{}}
	for _, w := range list {
		out.WorkGroups = append(out.WorkGroups, types.WorkGroupSummary{Name: w.Name, Description: w.Description, State: w.State,
			CreationTime: w.CreationTime, EngineVersion: w.Configuration.EngineVersion})
	}
	return out, err
}

// UpdateWorkGroup changes a workgroup.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_UpdateWorkGroup.html
func (s *Service) UpdateWorkGroup(ctx context.Context, in *athena.UpdateWorkGroupInput) (*athena.UpdateWorkGroupOutput, error) {
	call := wire.CallOf(ctx)
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		w, err := s.workgroup(tx, call.Account(), call.Region, *in.WorkGroup)
		if err != nil {
			return err
		}
		if in.Description != nil {
			w.Description = in.Description
		}
		if in.State != "" {
			w.State = in.State
		}
		if in.ConfigurationUpdates != nil {
			update(w.Configuration, in.ConfigurationUpdates)
		}
		if err := checkWorkgroup(w.Configuration); err != nil {
			return err
		}
		return s.workgroups.Put(tx, store.Key{Account: call.Account(), Region: call.Region, ID: *in.WorkGroup}, w)
	})
	if err != nil {
		return nil, err
	}
	return &athena.UpdateWorkGroupOutput{}, nil
}

func (s *Service) updateWorkGroupTargets(ctx context.Context, in *athena.UpdateWorkGroupInput) ([]wire.Target, error) {
	return onWorkgroup(ctx, in.WorkGroup)
}

// bytesLimit is how much a query of the workgroup may read, 0 for no limit.
func (q *session) bytesLimit(ctx context.Context) (n int64, err error) {
	err = q.Store.View(ctx, func(tx *store.Tx) error {
		w, err := q.workgroup(tx, q.e.Caller.Account, q.e.Region, *q.e.WorkGroup)
		if err == nil {
			n = aws.ToInt64(w.Configuration.BytesScannedCutoffPerQuery)
		}
		return err
	})
	return n, err
}
