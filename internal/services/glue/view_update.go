package glue

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// updatedView is the definition that a table has after an update, once the caller was found to be one who may change it.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/create-views.html
func (s *Service) updatedView(ctx context.Context, t catalog.Table, a governance.Access, in *glue.UpdateTableInput) (*types.ViewDefinition, error) {
	old, given := t.ViewDefinition, in.TableInput.ViewDefinition
	if !isView(old) {
		if given != nil || in.ViewUpdateAction != "" {
			return nil, invalid("Table %s is not a Data Catalog view.", *t.Name)
		}
		return old, nil
	}
	if !a.Admin && governance.PrincipalARN(wire.CallOf(ctx).Principal) != *old.Definer {
		return nil, &types.AccessDeniedException{Message: aws.String("Only the definer and administrators of the data lake may change the Data Catalog view " + *t.Name)}
	}
	if given == nil {
		if in.ViewUpdateAction != "" {
			return nil, invalid("ViewUpdateAction needs a ViewDefinition.")
		}
		return old, nil
	}
	v, err := mergeView(old, view(given), in.ViewUpdateAction)
	if err != nil {
		return nil, err
	}
	v.Definer = aws.String(definer(ctx, given, old))
	if in.ViewUpdateAction != types.ViewUpdateActionDrop && !sameColumns(t.StorageDescriptor, in.TableInput.StorageDescriptor) {
		if err := outdate(v, given, in.Force); err != nil {
			return nil, err
		}
	}
	within := t.Resource()
	within.Kind, within.Table = governance.Database, ""
	return v, s.checkView(ctx, v, within)
}

// mergeView puts the representations of v into those of old.
func mergeView(old, v *types.ViewDefinition, action types.ViewUpdateAction) (*types.ViewDefinition, error) {
	if action == "" {
		return v, nil
	}
	given := v.Representations
	v.Representations = slices.Clone(old.Representations)
	if v.SubObjects == nil {
		v.SubObjects = old.SubObjects
	}
	if v.IsProtected == nil {
		v.IsProtected = old.IsProtected
	}
	for _, r := range given {
		i := slices.IndexFunc(v.Representations, func(o types.ViewRepresentation) bool { return o.Dialect == r.Dialect })
		switch {
		case i >= 0 && action == types.ViewUpdateActionAdd:
			return nil, exists("View already has the dialect %s.", r.Dialect)
		case i < 0 && (action == types.ViewUpdateActionReplace || action == types.ViewUpdateActionDrop):
			return nil, notFound("View does not have the dialect %s.", r.Dialect)
		case action == types.ViewUpdateActionDrop:
			v.Representations = slices.Delete(v.Representations, i, i+1)
		case i >= 0:
			v.Representations[i] = r
		default:
			v.Representations = append(v.Representations, r)
		}
	}
	if len(v.Representations) == 0 {
		return nil, invalid("The last dialect of a view cannot be dropped: delete the view.")
	}
	return v, nil
}

func sameColumns(a, b *types.StorageDescriptor) bool {
	if a == nil || b == nil {
		return (a == nil || len(a.Columns) == 0) && (b == nil || len(b.Columns) == 0)
	}
	return slices.EqualFunc(a.Columns, b.Columns, func(a, b types.Column) bool {
		return fold(a.Name) == fold(b.Name) && aws.ToString(a.Type) == aws.ToString(b.Type)
	})
}

// outdate marks the dialects that were not given anew when the view's columns change, if that is forced.
func outdate(v *types.ViewDefinition, given *types.ViewDefinitionInput, force bool) error {
	for i, r := range v.Representations {
		if slices.ContainsFunc(given.Representations, func(g types.ViewRepresentationInput) bool { return g.Dialect == r.Dialect }) {
			continue
		}
		if !force {
			return invalid("The columns of the view differ from those of its dialect %s. Use Force to mark that as stale.", r.Dialect)
		}
		v.Representations[i].IsStale = aws.Bool(true)
	}
	return nil
}

// keptView is the definition that a table has now, for those who ask before they change it.
func (s *Service) keptView(ctx context.Context, named governance.Resource) (v *types.ViewDefinition, err error) {
	at, err := s.follow(ctx, named, true)
	if err != nil {
		return nil, err
	}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		t, err := s.Catalog.Table(tx, wire.CallOf(ctx).Region, at.Resource)
		v = t.ViewDefinition
		return absent(err, nil)
	})
	return v, err
}
