package cloudformation

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const customType = "AWS::CloudFormation::CustomResource"

func isCustom(name string) bool { return strings.HasPrefix(name, "Custom::") }

// Stack are the types of resources of the service itself.
func (s *Service) Stack() []resource.Type {
	return []resource.Type{s.nested(), s.custom(), s.waitHandle(), s.waitCondition(), metadata, macro}
}

// metadata is what CDK tells of itself in its templates. Nobody is told.
var metadata = resource.Type{Name: "AWS::CDK::Metadata",
	Create: func(_ context.Context, r resource.Request) (resource.State, error) {
		return resource.State{ID: r.Name}, nil
	},
	Update: func(_ context.Context, r resource.Request) (resource.State, error) {
		return resource.State{ID: r.ID}, nil
	},
	Delete: func(context.Context, resource.Request) error { return nil }}

// macro cannot be made: templates are read before their macros could be.
var macro = resource.Type{Name: "AWS::CloudFormation::Macro",
	Create: func(context.Context, resource.Request) (resource.State, error) {
		return resource.State{}, errors.New("macros are not implemented by Atelier")
	},
	Delete: func(context.Context, resource.Request) error { return nil }}

// typeNamed is a custom resource's type as its template names it.
func (s *Service) typeNamed(ctx context.Context, r resource.Request) string {
	k, _, _ := stackOfARN(r.StackID)
	name := customType
	_ = s.Store.View(ctx, func(tx *store.Tx) error { // a provider hears the general name when the row cannot be read
		w, err := s.rows.Get(tx, under(k, r.LogicalID))
		if err == nil && w.Type != "" {
			name = w.Type
		}
		return err
	})
	return name
}
