package applicationautoscaling

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// asked is what lists of policies, scheduled actions and activities can be asked for.
type asked struct {
	service   types.ServiceNamespace
	dimension types.ScalableDimension
	resource  *string
}

// described reads the caller's rows of what is asked for. about tells the target of a row, and whether it is wanted at all.
func described[T any](ctx context.Context, s *Service, table interface {
	List(*store.Tx, store.Range) ([]store.Row[T], error)
}, a asked, about func(T) (target string, wanted bool)) ([]store.Row[T], error) {
	if a.dimension != "" && a.resource == nil {
		return nil, invalid("ResourceId is required when ScalableDimension is given.")
	}
	k := at(ctx, a.service, "", nil)
	var rows []store.Row[T]
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = table.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: string(a.service) + separator})
		return err
	})
	return slices.DeleteFunc(rows, func(r store.Row[T]) bool {
		target, wanted := about(r.Value)
		part := strings.Split(target, separator)
		return a.dimension != "" && part[1] != string(a.dimension) || a.resource != nil && part[2] != *a.resource || !wanted
	}), err
}

// among tells whether a name is one of those asked for; all are when none is named.
func among(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }
