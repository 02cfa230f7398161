package ssm

import (
	"context"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Clock     clock.Clock
}

// Service is Systems Manager.
type Service struct {
	Config
	parameters *store.Table[parameter] // id: name
	versions   *store.Table[version]   // id: name:number
}

// New makes the service.
func New(c Config) *Service {
	return &Service{Config: c, parameters: store.NewTable[parameter](c.Store, "ssm_parameter"), versions: store.NewTable[version](c.Store, "ssm_version")}
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "ssm" }

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AddTagsToResource, wire.On(s.addTagsTargets)),
		wire.Op(s.DeleteParameter, wire.On(s.deleteTargets)),
		wire.Op(s.DeleteParameters, wire.On(s.deleteManyTargets)),
		wire.Op(s.DescribeParameters),
		wire.Op(s.GetParameter, wire.On(s.getTargets)),
		wire.Op(s.GetParameterHistory, wire.On(s.historyTargets)),
		wire.Op(s.GetParameters, wire.On(s.getManyTargets)),
		wire.Op(s.GetParametersByPath, wire.On(s.byPathTargets)),
		wire.Op(s.LabelParameterVersion, wire.On(s.labelTargets)),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.PutParameter, wire.On(s.putTargets)),
		wire.Op(s.RemoveTagsFromResource, wire.On(s.removeTagsTargets)),
		wire.Op(s.UnlabelParameterVersion, wire.On(s.unlabelTargets)),
	}
}

// here is the key of something of the caller's.
func here(ctx context.Context, id string) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region, ID: id}
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// page cuts a list that is sorted by key.
func page[T any](ctx context.Context, list []T, key func(T) string, limit *int32, size int, token *string) ([]T, *string, error) {
	if limit != nil {
		size = int(*limit)
	}
	list, next, err := wire.Page(ctx, list, key, size, token)
	if err != nil {
		err = errToken
	}
	return list, next, err
}
