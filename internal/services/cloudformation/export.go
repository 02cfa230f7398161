package cloudformation

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// export is a value that other stacks of the account and Region may import.
type export struct{ Stack, Name, Value string } // Name is the stack's

func at(k store.Key, id string) store.Key {
	k.ID = id
	return k
}

// outputs are the stack's, resolved.
func (r *run) outputs() ([]output, error) {
	list, err := r.plan.Outputs(r.ctx, r)
	out := make([]output, 0, len(list))
	for _, o := range list {
		value, ok := o.Value.(string)
		if !ok {
			if _, ok = o.Value.(bool); !ok && o.Value != nil && resource.Text(o.Value) == "" {
				return nil, said("Template format error: The Value field of every Outputs member must evaluate to a String.")
			}
			value = resource.Text(o.Value)
		}
		out = append(out, output{o.Name, value, o.Description, o.Export})
	}
	return out, err
}

// export makes the exports of a stack those of outputs, and its imports those of names. What others import neither goes nor changes.
func (s *Service) export(tx *store.Tx, k store.Key, st *stack, outputs []output, names []string) error {
	now := map[string]string{}
	for _, o := range outputs {
		if o.Export != "" {
			if _, twice := now[o.Export]; twice {
				return said("Duplicate Export names in the template: [%s]", o.Export)
			}
			now[o.Export] = o.Value
		}
	}
	for _, o := range st.Outputs {
		value, stays := now[o.Export]
		if o.Export == "" || stays && value == o.Value {
			continue
		}
		if users, err := s.importers(tx, k, o.Export); err != nil || len(users) > 0 {
			if err != nil {
				return err
			}
			what := "deleted"
			if stays {
				what = "updated"
			}
			return said("Export %s cannot be %s as it is in use by %s", o.Export, what, sentence(users))
		}
		if err := s.exports.Delete(tx, at(k, o.Export)); err != nil && !absent(err) {
			return err
		}
	}
	for name, value := range now {
		has, err := s.exports.Get(tx, at(k, name))
		if err != nil && !absent(err) {
			return err
		}
		if err == nil && has.Stack != k.ID {
			return said("Export with name %s is already exported by stack %s", name, has.Name)
		}
		if err := s.exports.Put(tx, at(k, name), export{k.ID, st.Name, value}); err != nil {
			return err
		}
	}
	return s.importing(tx, k, st, names, true)
}

// importing writes down which exports a stack imports. Without only, those it imported before stay.
func (s *Service) importing(tx *store.Tx, k store.Key, st *stack, names []string, only bool) error {
	if only {
		for _, old := range st.Imports {
			if !slices.Contains(names, old) {
				if err := s.imports.Delete(tx, at(k, old+"/"+k.ID)); err != nil && !absent(err) {
					return err
				}
			}
		}
		st.Imports = nil
	}
	for _, name := range names {
		if slices.Contains(st.Imports, name) {
			continue
		}
		st.Imports = append(st.Imports, name)
		if err := s.imports.Put(tx, at(k, name+"/"+k.ID), st.Name); err != nil {
			return err
		}
	}
	return nil
}

// importers are the names of the stacks that import an export.
func (s *Service) importers(tx *store.Tx, k store.Key, name string) (out []string, err error) {
	rows, err := s.imports.List(tx, prefixed(at(k, name), ""))
	for _, r := range rows {
		if !strings.Contains(r.Key.ID[len(name)+1:], "/") {
			out = append(out, r.Value)
		}
	}
	return out, err
}

func sentence(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// importValue is the value of an export.
func (s *Service) importValue(ctx context.Context, k store.Key, name string) (any, error) {
	var e export
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		e, err = s.exports.Get(tx, at(k, name))
		return err
	})
	if absent(err) {
		return nil, &template.Error{Message: "No export named " + name + " found."}
	}
	return e.Value, err
}

// ListExports lists what the account's stacks export.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListExports.html
func (s *Service) ListExports(ctx context.Context, in *cloudformation.ListExportsInput) (*cloudformation.ListExportsOutput, error) {
	out := &cloudformation.ListExportsOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k := here(ctx, "")
		rows, err := s.exports.List(tx, store.Range{Account: k.Account, Region: k.Region})
		if err != nil {
			return err
		}
		rows, out.NextToken, err = wire.Page(ctx, rows, func(r store.Row[export]) string { return r.Key.ID }, pageSize, in.NextToken)
		for _, r := range rows {
			out.Exports = append(out.Exports, types.Export{Name: some(r.Key.ID), Value: some(r.Value.Value), ExportingStackId: some(stackARN(at(k, r.Value.Stack), r.Value.Name))})
		}
		return paged(err)
	})
}

// ListImports lists the stacks that import an export.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html
func (s *Service) ListImports(ctx context.Context, in *cloudformation.ListImportsInput) (*cloudformation.ListImportsOutput, error) {
	out, name := &cloudformation.ListImportsOutput{}, text(in.ExportName)
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		users, err := s.importers(tx, here(ctx, ""), name)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			return invalid("Export '%s' is not imported by any stack.", name)
		}
		slices.Sort(users)
		out.Imports, out.NextToken, err = wire.Page(ctx, users, func(name string) string { return name }, pageSize, in.NextToken)
		return paged(err)
	})
}
