package lakeformation

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

// defaultLife is how long credentials hold when nothing else is asked for.
const defaultLife = time.Hour

// authorizedCaller is the session tag by which a trusted engine says who it is.
const authorizedCaller = "LakeFormationAuthorizedCaller"

// mayHave checks that the caller may have the files of a table: files show all columns and rows. Who is cut to a part gets
// them only through an engine that the table's owner trusts to do the cutting, and that says it can.
// Source: https://docs.aws.amazon.com/lake-formation/latest/dg/using-cred-vending.html
func (s *Service) mayHave(ctx context.Context, r governance.Resource, p governance.Permissions, supports []types.PermissionType) (governance.Access, error) {
	call := wire.CallOf(ctx)
	a, err := s.access(ctx, r)
	if err != nil {
		return a, err
	}
	if !a.May(p) {
		return a, insufficient(p, r)
	}
	settings, err := s.Ledger.SettingsOf(ctx, r.Account(), call.Region)
	if err != nil {
		return a, err
	}
	trusted := trusts(settings, call.Principal)
	whole := p&governance.Select == 0 || a.Whole()
	switch {
	case whole && (trusted || settings.FullTableAccess):
		return a, nil
	case whole:
		return a, denied("Access to the files of %s is not allowed: the account allows neither full table access for external engines nor this engine.", title(r))
	case !trusted:
		return a, denied("Insufficient Lake Formation permission(s): Required Select on all columns and rows of %s", title(r))
	}
	need := types.PermissionTypeColumnPermission
	if slices.ContainsFunc(a.Scopes(), func(sc governance.Scope) bool { return sc.Rows != "" }) || len(a.Scopes()) > 1 {
		need = types.PermissionTypeCellFilterPermission
	}
	if !slices.Contains(supports, need) {
		return a, &types.PermissionTypeMismatchException{Message: aws.String("The engine does not support filtering by the permissions on " + title(r) + ".")}
	}
	return a, nil
}

// trusts tells whether an account trusts the caller's engine, which its session names by a tag, to cut tables.
func trusts(g governance.Settings, p authz.Principal) bool {
	tag := p.SessionTags[authorizedCaller]
	return g.ExternalFiltering && p.Kind == authz.AssumedRole && tag != "" && slices.Contains(g.AuthorizedSessionTagValues, tag) &&
		slices.Contains(g.ExternalFilteringAllowList, p.Account)
}

func rightsOf(p governance.Permissions) rights {
	return rights{read: p&governance.Select != 0, put: p&governance.Insert != 0, remove: p&governance.Delete != 0}
}

// wanted reads the permissions that credentials are asked for, SELECT when none are.
func wanted(list []types.Permission) (governance.Permissions, error) {
	p, err := governance.ParsePermissions(list)
	if err != nil || p&^governance.Table.Grantable() != 0 {
		return 0, invalid("The permissions are not those of a table.")
	}
	if p == 0 {
		p = governance.Select
	}
	p = p.Of(governance.Table) | p&^governance.All
	if p&(governance.Select|governance.Insert|governance.Delete) == 0 {
		return 0, invalid("SELECT, INSERT or DELETE is needed to reach the table's files.")
	}
	return p, nil
}

// governed finds the registered location that a path of an account's data is in. A hybrid location is for those who opted
// in alone.
func (s *Service) governed(ctx context.Context, account, path string, leftToIAM bool) (governance.Registered, error) {
	r, ok, err := s.Ledger.LocationOf(ctx, account, wire.CallOf(ctx).Region, path)
	if err != nil {
		return r, err
	}
	if !ok {
		return r, invalid("The location s3://%s is not registered: register the S3 path first.", path)
	}
	if r.Hybrid && leftToIAM {
		return r, denied("The location s3://%s is in hybrid access mode and the principal has not opted in.", path)
	}
	return r, nil
}

// vend assumes the role of a location and gives credentials that are good at the paths only.
func (s *Service) vend(ctx context.Context, role string, paths []string, r rights, seconds *int32) (identity.Credential, error) {
	call := wire.CallOf(ctx)
	life := defaultLife
	if seconds != nil {
		life = time.Duration(*seconds) * time.Second
	}
	only, err := onlyAt(paths, r)
	if err != nil {
		return identity.Credential{}, err
	}
	session := "AWSLF-00-GL-" + call.Account() + "-" + identity.RandomID(10)
	p, err := s.Directory.ServiceSession(ctx, host, role, session)
	if errors.Is(err, identity.ErrNotTrusted) {
		return identity.Credential{}, denied("Lake Formation can't assume the role %s of the registered location.", role)
	}
	if err != nil {
		return identity.Credential{}, err
	}
	p.HasSession = true
	return s.Directory.Issue(p, life, only)
}
