package ssm

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// filters makes one question of a list of filters, whose keys are allowed ones or tags.
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
func filters(list []types.ParameterStringFilter, allowed ...string) (func(parameter) bool, error) {
	var all []func(parameter) bool
	for i, f := range list {
		key, option := aws.ToString(f.Key), aws.ToString(f.Option)
		if slices.ContainsFunc(list[:i], func(o types.ParameterStringFilter) bool { return aws.ToString(o.Key) == key }) {
			return nil, &types.InvalidFilterKey{Message: aws.String("The following filter is duplicated in the request: " + key + ".")}
		}
		tag, isTag := strings.CutPrefix(key, "tag:")
		if !slices.Contains(allowed, key) && (!isTag || !slices.Contains(allowed, "tag")) {
			return nil, &types.InvalidFilterKey{Message: aws.String("The following filter key is not valid: " + key + ". Valid filter keys include: [" +
				strings.Join(allowed, ", ") + "].")}
		}
		if key == "Path" {
			one, err := under(f.Values, option)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
			continue
		}
		if len(f.Values) == 0 && !isTag {
			return nil, &types.InvalidFilterValue{Message: aws.String("The following filter values are missing : null for filter key " + key)}
		}
		match, ok := map[string]func(s, v string) bool{"": func(s, v string) bool { return s == v }, "Equals": func(s, v string) bool { return s == v },
			"BeginsWith": strings.HasPrefix, "Contains": strings.Contains}[option]
		if !ok || option == "Contains" && key != "Name" {
			return nil, &types.InvalidFilterOption{Message: aws.String("The following filter option is not valid: " + option +
				". Valid options include: [BeginsWith, Equals].")}
		}
		all = append(all, func(p parameter) bool {
			return slices.ContainsFunc(p.values(key, tag, isTag), func(has string) bool {
				return len(f.Values) == 0 || slices.ContainsFunc(f.Values, func(v string) bool {
					return match(has, v) || key == "Name" && match(strings.TrimPrefix(has, "/"), v)
				})
			})
		})
	}
	return func(p parameter) bool {
		return !slices.ContainsFunc(all, func(f func(parameter) bool) bool { return !f(p) })
	}, nil
}

// values are what a filter's key asks for of a parameter.
func (p parameter) values(key, tag string, isTag bool) []string {
	switch {
	case isTag:
		if v, ok := p.Tags[tag]; ok {
			return []string{v}
		}
		return nil
	case key == "Label":
		var labels []string
		for label := range p.Labels {
			labels = append(labels, label)
		}
		return labels
	}
	return []string{map[string]string{"Name": p.Name, "Type": string(p.Type), "KeyId": p.KeyID, "Tier": string(p.Tier), "DataType": p.DataType}[key]}
}

func under(paths []string, option string) (func(parameter) bool, error) {
	if option != "" && option != "Recursive" && option != "OneLevel" {
		return nil, &types.InvalidFilterOption{Message: aws.String("The following filter option is not valid: " + option + ". Valid options include: [Recursive, OneLevel].")}
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, "/") {
			return nil, &types.InvalidFilterValue{Message: aws.String(`The parameter doesn't meet the parameter name requirements: a path begins with "/".`)}
		}
	}
	return func(p parameter) bool {
		return slices.ContainsFunc(paths, func(path string) bool {
			rest, ok := strings.CutPrefix(p.Name, strings.TrimSuffix(path, "/")+"/")
			return ok && (option == "Recursive" || !strings.Contains(rest, "/"))
		})
	}, nil
}

// DescribeParameters lists parameters without their values.
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (s *Service) DescribeParameters(ctx context.Context, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	list := in.ParameterFilters
	for _, f := range in.Filters { // the older form
		option := "Equals"
		if f.Key == types.ParametersFilterKeyName {
			option = "BeginsWith"
		}
		list = append(list, types.ParameterStringFilter{Key: aws.String(string(f.Key)), Values: f.Values, Option: &option})
	}
	if len(in.Filters) > 0 && len(in.ParameterFilters) > 0 {
		return nil, invalid("You can use either Filters or ParameterFilters in a single request.")
	}
	if aws.ToBool(in.Shared) {
		return &ssm.DescribeParametersOutput{Parameters: []types.ParameterMetadata{}}, nil
	}
	match, err := filters(list, "Path", "Name", "Type", "KeyId", "Tier", "DataType", "Label", "tag")
	if err != nil {
		return nil, err
	}
	of := here(ctx, "")
	var rows []store.Row[parameter]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.parameters.List(tx, store.Range{Account: of.Account, Region: of.Region})
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[parameter]) bool { return !match(r.Value) })
	rows, next, err := page(ctx, rows, func(r store.Row[parameter]) string { return r.Key.ID }, in.MaxResults, 50, in.NextToken)
	out := &ssm.DescribeParametersOutput{Parameters: []types.ParameterMetadata{}, NextToken: next}
	for _, r := range rows {
		p := r.Value
		out.Parameters = append(out.Parameters, types.ParameterMetadata{ARN: aws.String(parameterARN(r.Key)), Name: &p.Name, Type: p.Type, Version: p.Version,
			Tier: p.Tier, DataType: &p.DataType, KeyId: filled(p.KeyID), AllowedPattern: filled(p.Pattern), Description: filled(p.Description),
			LastModifiedDate: &p.Modified, LastModifiedUser: &p.By, Policies: []types.ParameterInlinePolicy{}})
	}
	return out, err
}

// GetParameterHistory lists the versions of a parameter, the oldest first.
func (s *Service) GetParameterHistory(ctx context.Context, in *ssm.GetParameterHistoryInput) (*ssm.GetParameterHistoryOutput, error) {
	k, _, err := nameOf(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &ssm.GetParameterHistoryOutput{Parameters: []types.ParameterHistory{}}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, p, err := s.find(tx, k, in.Name)
		if err != nil {
			return err
		}
		rows, err := s.versions.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + ":"})
		if err != nil {
			return err
		}
		rows, out.NextToken, err = page(ctx, rows, func(r store.Row[version]) string { return r.Key.ID }, in.MaxResults, 50, in.NextToken)
		for _, r := range rows {
			v := r.Value
			value, err := s.reveal(k, v, aws.ToBool(in.WithDecryption))
			if err != nil {
				return err
			}
			out.Parameters = append(out.Parameters, types.ParameterHistory{Name: &v.Name, Type: v.Type, Value: value, Version: v.Number, Tier: v.Tier,
				DataType: &v.DataType, KeyId: filled(v.KeyID), AllowedPattern: filled(v.Pattern), Description: filled(v.Description),
				LastModifiedDate: &v.Modified, LastModifiedUser: &v.By, Labels: p.labelsOf(v.Number), Policies: []types.ParameterInlinePolicy{}})
		}
		return err
	})
}

func (s *Service) historyTargets(ctx context.Context, in *ssm.GetParameterHistoryInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.Name))
}
