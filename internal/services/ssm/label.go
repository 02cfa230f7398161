package ssm

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const maxLabels = 10

var labelForm = regexp.MustCompile(`^[A-Za-z_.-][A-Za-z0-9_.-]{0,99}$`)

func (p parameter) labelsOf(number int64) []string {
	out := []string{}
	for _, label := range slices.Sorted(maps.Keys(p.Labels)) {
		if p.Labels[label] == number {
			out = append(out, label)
		}
	}
	return out
}

// LabelParameterVersion names a version; a label that another version has moves.
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func (s *Service) LabelParameterVersion(ctx context.Context, in *ssm.LabelParameterVersionInput) (*ssm.LabelParameterVersionOutput, error) {
	k, _, err := nameOf(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &ssm.LabelParameterVersionOutput{InvalidLabels: []string{}}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, p, err := s.find(tx, k, in.Name)
		if err != nil {
			return err
		}
		number := p.Version
		if in.ParameterVersion != nil {
			number = *in.ParameterVersion
		}
		if number < p.First || number > p.Version {
			return noVersion(p.Name, itoa(number))
		}
		labels := maps.Clone(p.Labels)
		if labels == nil {
			labels = map[string]int64{}
		}
		for _, label := range in.Labels {
			lower := strings.ToLower(label)
			if !labelForm.MatchString(label) || strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm") {
				out.InvalidLabels = append(out.InvalidLabels, label)
				continue
			}
			labels[label] = number
		}
		p.Labels = labels
		if len(p.labelsOf(number)) > maxLabels {
			return &types.ParameterVersionLabelLimitExceeded{Message: aws.String("A parameter version can have a maximum of ten labels.")}
		}
		out.ParameterVersion = number
		if len(out.InvalidLabels) == len(in.Labels) {
			return nil
		}
		if err := tell(tx, k, p, "LabelParameterVersion", map[string]any{"label": p.labelsOf(number), "version": number}); err != nil {
			return err
		}
		return s.parameters.Put(tx, k, p)
	})
}

func (s *Service) labelTargets(ctx context.Context, in *ssm.LabelParameterVersionInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.Name))
}

// UnlabelParameterVersion takes labels off a version.
func (s *Service) UnlabelParameterVersion(ctx context.Context, in *ssm.UnlabelParameterVersionInput) (*ssm.UnlabelParameterVersionOutput, error) {
	k, _, err := nameOf(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	out := &ssm.UnlabelParameterVersionOutput{InvalidLabels: []string{}, RemovedLabels: []string{}}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, p, err := s.find(tx, k, in.Name)
		if err != nil {
			return err
		}
		if number := aws.ToInt64(in.ParameterVersion); number < p.First || number > p.Version {
			return noVersion(p.Name, itoa(number))
		}
		p.Labels = maps.Clone(p.Labels)
		for _, label := range in.Labels {
			if number, ok := p.Labels[label]; !ok || number != *in.ParameterVersion {
				out.InvalidLabels = append(out.InvalidLabels, label)
				continue
			}
			delete(p.Labels, label)
			out.RemovedLabels = append(out.RemovedLabels, label)
		}
		return s.parameters.Put(tx, k, p)
	})
}

func (s *Service) unlabelTargets(ctx context.Context, in *ssm.UnlabelParameterVersionInput) ([]wire.Target, error) {
	return onNames(ctx, aws.ToString(in.Name))
}
