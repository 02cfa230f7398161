package lambda

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// with is a map with one more entry; the old one stays as it is.
func with[V any](m map[string]V, k string, v V) map[string]V {
	out := make(map[string]V, len(m)+1)
	maps.Copy(out, m)
	out[k] = v
	return out
}

// without is a map with one entry less.
func without[V any](m map[string]V, k string) map[string]V {
	if _, ok := m[k]; !ok {
		return m
	}
	out := maps.Clone(m)
	delete(out, k)
	return out
}

// weights are the shares of versions other than an alias's own.
func weights(a types.AliasConfiguration) map[string]float64 {
	if a.RoutingConfig == nil {
		return nil
	}
	return a.RoutingConfig.AdditionalVersionWeights
}

// aim gives an alias its versions, which must be there.
func (s *Service) aim(tx *store.Tx, r ref, a *types.AliasConfiguration) error {
	if len(weights(*a)) == 0 {
		a.RoutingConfig = nil
	}
	if len(weights(*a)) > 1 {
		return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for _, number := range append(keys(weights(*a)), *a.FunctionVersion) {
		if number == latest && len(weights(*a)) > 0 {
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		}
		if _, err := s.versions.Get(tx, versionKey(r.Key, number)); err != nil {
			if absent(err) {
				err = missing("Function not found: %s", r.at(number).arn())
			}
			return err
		}
	}
	for number, share := range weights(*a) {
		if share < 0 || share > 1 {
			return invalid("Invalid function weight: %v", share)
		}
		if number == *a.FunctionVersion {
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", number, number)
		}
	}
	a.RevisionId = aws.String(uuid.NewString())
	return nil
}

// CreateAlias gives a version a name.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
func (s *Service) CreateAlias(ctx context.Context, in *lambda.CreateAliasInput) (*lambda.CreateAliasOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	r = r.at(*in.Name)
	if isVersion(r.Qualifier) {
		return nil, invalid("Alias names must not be numbers: %s", r.Qualifier)
	}
	a := types.AliasConfiguration{AliasArn: aws.String(r.arn()), Name: in.Name, FunctionVersion: in.FunctionVersion, Description: aws.String(aws.ToString(in.Description)),
		RoutingConfig: in.RoutingConfig}
	err = s.change(ctx, r, func(tx *store.Tx, f *function) error {
		if _, taken := f.Aliases[r.Qualifier]; taken {
			return conflict("Alias already exists: %s", r.arn())
		}
		if err := s.aim(tx, r, &a); err != nil {
			return err
		}
		f.Aliases = with(f.Aliases, r.Qualifier, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return (*lambda.CreateAliasOutput)(aliasOutput(a)), nil
}

func (s *Service) createAliasTargets(ctx context.Context, in *lambda.CreateAliasInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Name)
}

func aliasOutput(a types.AliasConfiguration) *lambda.GetAliasOutput {
	return &lambda.GetAliasOutput{AliasArn: a.AliasArn, Description: a.Description, FunctionVersion: a.FunctionVersion, Name: a.Name,
		RevisionId: a.RevisionId, RoutingConfig: a.RoutingConfig}
}

func noAlias(r ref) error { return missing("Cannot find alias arn: %s", r.arn()) }

// alias reads the alias that a call names.
func (s *Service) alias(ctx context.Context, function, name *string) (ref, types.AliasConfiguration, error) {
	r, f, err := s.function(ctx, function, nil)
	if err != nil {
		return r, types.AliasConfiguration{}, err
	}
	r = r.at(*name)
	a, ok := f.Aliases[r.Qualifier]
	if !ok {
		return r, a, noAlias(r)
	}
	return r, a, nil
}

// GetAlias tells of an alias.
func (s *Service) GetAlias(ctx context.Context, in *lambda.GetAliasInput) (*lambda.GetAliasOutput, error) {
	_, a, err := s.alias(ctx, in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	return aliasOutput(a), nil
}

func (s *Service) getAliasTargets(ctx context.Context, in *lambda.GetAliasInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Name)
}

// UpdateAlias has an alias lead elsewhere.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func (s *Service) UpdateAlias(ctx context.Context, in *lambda.UpdateAliasInput) (*lambda.UpdateAliasOutput, error) {
	r, _, err := s.alias(ctx, in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	var a types.AliasConfiguration
	err = s.change(ctx, r, func(tx *store.Tx, f *function) error {
		ok := false
		if a, ok = f.Aliases[r.Qualifier]; !ok {
			return noAlias(r)
		}
		if in.RevisionId != nil && *in.RevisionId != *a.RevisionId {
			return stale("GetFunction/GetAlias")
		}
		given(&a.FunctionVersion, in.FunctionVersion)
		given(&a.Description, in.Description)
		given(&a.RoutingConfig, in.RoutingConfig)
		if err := s.aim(tx, r, &a); err != nil {
			return err
		}
		f.Aliases = with(f.Aliases, r.Qualifier, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return (*lambda.UpdateAliasOutput)(aliasOutput(a)), s.heat(ctx)
}

func (s *Service) updateAliasTargets(ctx context.Context, in *lambda.UpdateAliasInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Name)
}

// DeleteAlias removes an alias with what was kept for it. One that is not there may be deleted too.
func (s *Service) DeleteAlias(ctx context.Context, in *lambda.DeleteAliasInput) (*lambda.DeleteAliasOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		if _, ok := f.Aliases[*in.Name]; ok {
			f.Aliases = without(f.Aliases, *in.Name)
			f.drop(*in.Name)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.DeleteAliasOutput{}, s.heat(ctx)
}

func (s *Service) deleteAliasTargets(ctx context.Context, in *lambda.DeleteAliasInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Name)
}

// ListAliases lists the aliases of a function, or of one version of it.
func (s *Service) ListAliases(ctx context.Context, in *lambda.ListAliasesInput) (*lambda.ListAliasesOutput, error) {
	_, f, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	var list []types.AliasConfiguration
	for _, a := range f.Aliases {
		if _, weighted := weights(a)[aws.ToString(in.FunctionVersion)]; in.FunctionVersion == nil || *a.FunctionVersion == *in.FunctionVersion || weighted {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b types.AliasConfiguration) int { return strings.Compare(*a.Name, *b.Name) })
	out := &lambda.ListAliasesOutput{}
	out.Aliases, out.NextMarker, err = page(ctx, list, func(a types.AliasConfiguration) string { return *a.Name }, in.MaxItems, in.Marker)
	return out, err
}

func (s *Service) listAliasesTargets(ctx context.Context, in *lambda.ListAliasesInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}
