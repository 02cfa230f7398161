package lambda

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// PublishVersion makes a version of what $LATEST is. When nothing changed since the last one, that is the answer.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func (s *Service) PublishVersion(ctx context.Context, in *lambda.PublishVersionInput) (*lambda.PublishVersionOutput, error) {
	r, v, err := s.changeable(ctx, in.FunctionName, in.RevisionId)
	if err != nil {
		return nil, err
	}
	if in.CodeSha256 != nil && *in.CodeSha256 != "" && *in.CodeSha256 != *v.CodeSha256 {
		return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.",
			*in.CodeSha256, *v.CodeSha256)
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		v, err = s.publish(tx, r.Key, aws.ToString(in.Description))
		return err
	}); err != nil {
		return nil, err
	}
	return copied[lambda.PublishVersionOutput](v.show(r.at(*v.Version))), nil
}

func (s *Service) publishTargets(ctx context.Context, in *lambda.PublishVersionInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// publish copies $LATEST to a version.
func (s *Service) publish(tx *store.Tx, k store.Key, description string) (v version, err error) {
	f, err := s.functions.Get(tx, k)
	if absent(err) {
		return v, missing("Function not found: %s", functionARN(k))
	}
	if err != nil {
		return v, err
	}
	if v, err = s.versions.Get(tx, versionKey(k, latest)); err != nil {
		return v, err
	}
	if description != "" {
		v.Description = &description
	}
	if f.Next > 1 {
		last, err := s.versions.Get(tx, versionKey(k, strconv.Itoa(f.Next-1)))
		if err == nil && same(last, v, description != "") {
			return last, nil
		}
		if err != nil && !absent(err) {
			return v, err
		}
	}
	v.Version, v.RevisionId = aws.String(strconv.Itoa(f.Next)), aws.String(uuid.NewString())
	f.Next++
	if err := s.functions.Put(tx, k, f); err != nil {
		return v, err
	}
	if v.State == types.StateActive && v.LastUpdateStatus == types.LastUpdateStatusInProgress {
		v.State, v.StateReason, v.StateReasonCode = types.StatePending, v.LastUpdateStatusReason, types.StateReasonCodeCreating
	}
	v.LastUpdateStatus, v.LastUpdateStatusReason, v.LastUpdateStatusReasonCode = "", nil, ""
	if err := s.versions.Insert(tx, versionKey(k, *v.Version), v); err != nil {
		return v, err
	}
	if v.State == types.StatePending {
		err = s.prepare(tx, k, v)
	}
	return v, err
}

// same tells whether two versions run the same.
func same(a, b version, described bool) bool {
	for _, v := range []*version{&a, &b} {
		v.Version, v.RevisionId, v.LastModified = nil, nil, nil
		v.State, v.StateReason, v.StateReasonCode = "", nil, ""
		v.LastUpdateStatus, v.LastUpdateStatusReason, v.LastUpdateStatusReasonCode = "", nil, ""
		if !described {
			v.Description = nil
		}
	}
	return reflect.DeepEqual(a, b)
}

// ListVersionsByFunction lists $LATEST and the published versions.
func (s *Service) ListVersionsByFunction(ctx context.Context, in *lambda.ListVersionsByFunctionInput) (*lambda.ListVersionsByFunctionOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	var list []types.FunctionConfiguration
	if err := s.image.Read(ctx, func() {
		for k, v := range s.versions.Rows() {
			if k.Account == r.Account && k.Region == r.Region && strings.HasPrefix(k.ID, r.ID+"/") {
				list = append(list, v.show(r.at(latest)))
			}
		}
	}); err != nil {
		return nil, err
	}
	order := func(c types.FunctionConfiguration) string {
		if *c.Version == latest {
			return "0"
		}
		return "1" + strings.Repeat("0", 10-len(*c.Version)) + *c.Version
	}
	slices.SortFunc(list, func(a, b types.FunctionConfiguration) int { return strings.Compare(order(a), order(b)) })
	out := &lambda.ListVersionsByFunctionOutput{}
	out.Versions, out.NextMarker, err = page(ctx, list, order, in.MaxItems, in.Marker)
	return out, err
}

func (s *Service) listVersionsTargets(ctx context.Context, in *lambda.ListVersionsByFunctionInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// deleteVersion removes a published version that no alias leads to.
func (s *Service) deleteVersion(ctx context.Context, r ref) (*lambda.DeleteFunctionOutput, error) {
	if !isVersion(r.Qualifier) {
		if r.Qualifier == latest {
			return nil, invalid("$LATEST version cannot be deleted without deleting the function.")
		}
		return nil, invalid("Deletion of aliases is not currently supported. Delete an alias with DeleteAlias.")
	}
	err := s.change(ctx, r, func(tx *store.Tx, f *function) error {
		for _, name := range keys(f.Aliases) {
			a := f.Aliases[name]
			_, weighted := weights(a)[r.Qualifier]
			if *a.FunctionVersion == r.Qualifier || weighted {
				return conflict("Version %s is referenced by alias %s.", r.Qualifier, name)
			}
		}
		f.drop(r.Qualifier)
		return s.versions.DeleteIf(tx, versionKey(r.Key, r.Qualifier))
	})
	if err != nil {
		return nil, err
	}
	s.forget(r.Key, r.Qualifier)
	return &lambda.DeleteFunctionOutput{StatusCode: 204}, s.heat(ctx)
}

// drop removes what is kept for a qualifier.
func (f *function) drop(qualifier string) {
	f.Policies, f.Revisions = without(f.Policies, qualifier), without(f.Revisions, qualifier)
	f.Events, f.Provisioned = without(f.Events, qualifier), without(f.Provisioned, qualifier)
	f.URLs, f.Runtime = without(f.URLs, qualifier), without(f.Runtime, qualifier)
}
