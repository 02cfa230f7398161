package ssm

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func encoded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// get reads the version that a name selects.
func (s *Service) get(ctx context.Context, tx *store.Tx, given *string, clear bool) (*types.Parameter, error) {
	k, selector, err := nameOf(ctx, given)
	if err != nil {
		return nil, err
	}
	k, p, err := s.find(tx, k, given)
	if err != nil {
		return nil, err
	}
	v, err := s.selected(tx, k, p, selector)
	if err != nil {
		return nil, err
	}
	out, err := s.shape(k, v, clear)
	if selector != "" && err == nil {
		out.Selector = aws.String(":" + selector)
	}
	return out, err
}

func (s *Service) shape(k store.Key, v version, clear bool) (*types.Parameter, error) {
	value, err := s.reveal(k, v, clear)
	return &types.Parameter{ARN: aws.String(parameterARN(k)), Name: &v.Name, Type: v.Type, Value: value, Version: v.Number, DataType: &v.DataType,
		LastModifiedDate: &v.Modified}, err
}

// GetParameter gives the value of a parameter.
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (s *Service) GetParameter(ctx context.Context, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	out := &ssm.GetParameterOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) (err error) {
		out.Parameter, err = s.get(ctx, tx, in.Name, aws.ToBool(in.WithDecryption))
		return err
	})
}

func (s *Service) getTargets(ctx context.Context, in *ssm.GetParameterInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.Name))
}

// GetParameters gives the values of parameters, and the names that there are none of.
func (s *Service) GetParameters(ctx context.Context, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		for i, name := range in.Names {
			if slices.Contains(in.Names[:i], name) {
				continue
			}
			p, err := s.get(ctx, tx, &name, aws.ToBool(in.WithDecryption))
			var none *types.ParameterNotFound
			var noVersion *types.ParameterVersionNotFound
			switch {
			case errors.As(err, &none), errors.As(err, &noVersion):
				out.InvalidParameters = append(out.InvalidParameters, name)
			case err != nil:
				return err
			default:
				out.Parameters = append(out.Parameters, *p)
			}
		}
		return nil
	})
}

func (s *Service) getManyTargets(ctx context.Context, in *ssm.GetParametersInput) ([]wire.Target, error) {
	return onNames(ctx, in.Names...)
}

// GetParametersByPath gives the parameters below a path.
func (s *Service) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	path := strings.TrimSuffix(aws.ToString(in.Path), "/")
	if path != "" && (!strings.HasPrefix(path, "/") || !nameForm.MatchString(path)) {
		return nil, invalid(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". ` +
			`It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). ` +
			`Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	}
	match, err := filters(in.ParameterFilters, "Type", "KeyId", "Label", "DataType")
	if err != nil {
		return nil, err
	}
	label := ""
	for _, f := range in.ParameterFilters {
		if *f.Key == "Label" && len(f.Values) == 1 {
			label = f.Values[0]
		}
	}
	out := &ssm.GetParametersByPathOutput{Parameters: []types.Parameter{}}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		of := here(ctx, "")
		rows, err := s.parameters.List(tx, store.Range{Account: of.Account, Region: of.Region, Prefix: path + "/"})
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r store.Row[parameter]) bool {
			return !aws.ToBool(in.Recursive) && strings.Contains(r.Key.ID[len(path)+1:], "/") || !match(r.Value)
		})
		rows, out.NextToken, err = page(ctx, rows, func(r store.Row[parameter]) string { return r.Key.ID }, in.MaxResults, 10, in.NextToken)
		for _, r := range rows {
			v, err := s.selected(tx, r.Key, r.Value, label)
			if err != nil {
				return err
			}
			p, err := s.shape(r.Key, v, aws.ToBool(in.WithDecryption))
			if err != nil {
				return err
			}
			out.Parameters = append(out.Parameters, *p)
		}
		return err
	})
}

func (s *Service) byPathTargets(ctx context.Context, in *ssm.GetParametersByPathInput) ([]wire.Target, error) {
	targets, err := onNames(ctx, strings.TrimSuffix(aws.ToString(in.Path), "/"))
	if err == nil {
		targets[0].Context = authz.Context{"ssm:Recursive": {strconv.FormatBool(aws.ToBool(in.Recursive))}}
	}
	return targets, err
}
