package glue

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// A view of the Data Catalog reads the tables beneath with the rights of its definer, a role. Whoever may write its definition
// may read what the definer may: so the role has to be handed over, and afterwards it or an administrator alone changes the view.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/working-with-views.html

// lakeFormation is who assumes definers, and the roles of registered locations.
const lakeFormation = "lakeformation.amazonaws.com"

const virtualView = "VIRTUAL_VIEW"

// isView tells a view of the Data Catalog from tables and from views of one engine.
func isView(v *types.ViewDefinition) bool { return v != nil && aws.ToString(v.Definer) != "" }

// definer is the role that a definition names, or the caller's own; "" when that is no role.
func definer(ctx context.Context, in *types.ViewDefinitionInput, old *types.ViewDefinition) string {
	switch {
	case aws.ToString(in.Definer) != "":
		return *in.Definer
	case isView(old):
		return *old.Definer
	}
	return wire.CallOf(ctx).Principal.RoleARN
}

// onDefiner is what IAM has to allow to write a view's definition.
func onDefiner(ctx context.Context, in *types.ViewDefinitionInput, old *types.ViewDefinition) (out []wire.Target) {
	if in == nil {
		return nil
	}
	role := definer(ctx, in, old)
	if role == "" {
		return nil
	}
	for _, service := range []string{servicePrincipal, lakeFormation} {
		out = append(out, wire.Target{Action: "iam:PassRole", Resource: role, Context: authz.Context{"iam:PassedToService": {service}}})
	}
	return out
}

// checkView holds a view's definition against what its definer may do.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/views-prereqs.html
func (s *Service) checkView(ctx context.Context, v *types.ViewDefinition, within governance.Resource) error {
	call := wire.CallOf(ctx)
	role, err := arn.Parse(aws.ToString(v.Definer))
	if err != nil || role.Service != "iam" || !strings.HasPrefix(role.Resource, "role/") {
		return invalid("Only IAM roles can define Data Catalog views.")
	}
	if role.Account != call.Account() {
		return &types.AccessDeniedException{Message: aws.String("Cross-account pass role is not allowed.")}
	}
	if len(v.Representations) == 0 {
		return invalid("A Data Catalog view needs a representation.")
	}
	var seen []types.ViewDialect
	for _, r := range v.Representations {
		if slices.Contains(seen, r.Dialect) {
			return invalid("Data Catalog view has more than one representation of the dialect %s.", r.Dialect)
		}
		seen = append(seen, r.Dialect)
		if aws.ToString(r.ViewExpandedText) == "" && aws.ToString(r.ViewOriginalText) == "" && aws.ToString(r.ValidationConnection) == "" {
			return invalid("The representation of the dialect %s has no text.", r.Dialect)
		}
	}
	if open, err := s.Ledger.LeftToIAM(ctx, call.Region, within); err != nil || open {
		if err == nil {
			err = invalid("A Data Catalog view cannot be created in database %s: IAM_ALLOWED_PRINCIPALS has permissions on it.", within.Database)
		}
		return err
	}
	var as authz.Principal
	for _, service := range []string{servicePrincipal, lakeFormation} {
		as, err = s.Directory.ServiceSession(ctx, service, *v.Definer, "AWSLF-00-GL-"+role.Account+"-"+identity.RandomID(10))
		if errors.Is(err, identity.ErrNotTrusted) {
			err = invalid("The definer %s cannot be assumed by %s.", *v.Definer, service)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range v.SubObjects {
		if err := s.checkBeneath(ctx, as, name); err != nil {
			return err
		}
	}
	return nil
}

// checkBeneath holds a table beneath a view against the definer's rights: all of it, to be passed on.
func (s *Service) checkBeneath(ctx context.Context, definer authz.Principal, name string) error {
	r, ok := tableARN(name, wire.CallOf(ctx).Region)
	if !ok {
		return invalid("SubObjects has to name tables by ARN: %s is none.", name)
	}
	a, err := s.Ledger.Access(ctx, definer, wire.CallOf(ctx).Region, r)
	if err != nil {
		return err
	}
	if !a.MayDefine() {
		return &types.AccessDeniedException{Message: aws.String("Insufficient Lake Formation permission(s): The definer needs grantable Select on all columns and rows of " + r.Table)}
	}
	var t catalog.Table
	err = s.Store.View(ctx, func(tx *store.Tx) (err error) {
		t, err = s.Catalog.Table(tx, wire.CallOf(ctx).Region, r)
		return absent(err, missing(r))
	})
	if err != nil {
		return err
	}
	if isView(t.ViewDefinition) || aws.ToString(t.TableType) == virtualView || t.TargetTable != nil {
		return invalid("A Data Catalog view cannot reference views or resource links: %s.", r.Table)
	}
	if _, ok, err := s.Ledger.LocationOf(ctx, r.Account(), wire.CallOf(ctx).Region, t.Location()); err != nil || !ok {
		if err == nil {
			err = invalid("The location of table %s is not registered with Lake Formation.", r.Table)
		}
		return err
	}
	return nil
}

// tableARN reads the ARN of a table in a region.
func tableARN(name, region string) (r governance.Resource, ok bool) {
	a, err := arn.Parse(name)
	parts := strings.Split(a.Resource, "/")
	if err != nil || a.Service != "glue" || a.Region != region || len(parts) < 3 || parts[0] != "table" {
		return r, false
	}
	n := len(parts)
	r = governance.Resource{Kind: governance.Table, Catalog: a.Account, Database: strings.ToLower(parts[n-2]), Table: strings.ToLower(parts[n-1])}
	if nested := strings.Join(parts[1:n-2], "/"); nested != "" {
		r.Catalog += ":" + nested
	}
	return r, true
}

// hideView leaves out of a view what only its definer and administrators are told: the text names tables, and values that rows
// are left out by.
func hideView(ctx context.Context, t *types.Table, a governance.Access) {
	if !isView(t.ViewDefinition) {
		return
	}
	t.IsMultiDialectView = aws.Bool(true)
	if a.Admin || governance.PrincipalARN(wire.CallOf(ctx).Principal) == *t.ViewDefinition.Definer {
		return
	}
	v := *t.ViewDefinition
	v.SubObjects, v.SubObjectVersionIds, v.Representations = nil, nil, slices.Clone(v.Representations)
	for i := range v.Representations {
		v.Representations[i].ViewExpandedText, v.Representations[i].ViewOriginalText = nil, nil
	}
	t.ViewDefinition, t.ViewExpandedText, t.ViewOriginalText = &v, nil, nil
}
