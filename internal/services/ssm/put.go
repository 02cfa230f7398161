package ssm

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	maxStandard = 4096
	maxAdvanced = 8192
	defaultKey  = "alias/aws/ssm"
)

// PutParameter makes a parameter, or a new version of one.
// Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (s *Service) PutParameter(ctx context.Context, in *ssm.PutParameterInput) (out *ssm.PutParameterOutput, err error) {
	k, selector, err := nameOf(ctx, in.Name)
	if err == nil && selector != "" {
		err = invalid("A parameter name must not contain a colon.")
	}
	if err == nil {
		err = checkName(k.ID)
	}
	if err != nil {
		return nil, err
	}
	overwrite := aws.ToBool(in.Overwrite)
	if overwrite && len(in.Tags) > 0 {
		return nil, invalid("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. " +
			"To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.parameters.Get(tx, k)
		isNew := absent(err)
		switch {
		case err != nil && !isNew:
			return err
		case !isNew && !overwrite:
			return &types.ParameterAlreadyExists{Message: aws.String("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
		case isNew && in.Type == "":
			return invalid("A parameter type is required when you create a parameter.")
		case isNew:
			p = parameter{about: about{Name: k.ID, DataType: "text", Tier: types.ParameterTierStandard}, First: 1, Tags: tags}
		}
		if err := p.apply(ctx, in); err != nil {
			return err
		}
		p.Modified, p.By = s.Clock.Now(), wire.CallOf(ctx).Principal.ARN
		p.Version++
		v := version{about: p.about, Number: p.Version}
		s.seal(k, &v, *in.Value)
		if err := s.versions.Insert(tx, versionKey(k, p.Version), v); err != nil {
			return err
		}
		if err := s.trim(tx, k, &p); err != nil {
			return err
		}
		out = &ssm.PutParameterOutput{Version: p.Version, Tier: p.Tier}
		operation := "Update"
		if isNew {
			operation = "Create"
		}
		if err := tell(tx, k, p, operation, nil); err != nil {
			return err
		}
		return s.parameters.Put(tx, k, p)
	})
	return out, err
}

func (s *Service) putTargets(ctx context.Context, in *ssm.PutParameterInput) ([]wire.Target, error) {
	targets, err := onNames(ctx, aws.ToString(in.Name))
	if err == nil {
		targets[0].Context = authz.Context{"ssm:Overwrite": {map[bool]string{true: "true", false: "false"}[aws.ToBool(in.Overwrite)]}}
	}
	return targets, err
}

// apply has a new version differ from the one before in what the call says, and checks its value.
func (p *parameter) apply(ctx context.Context, in *ssm.PutParameterInput) error {
	if in.Type != "" && p.Type != "" && in.Type != p.Type {
		return &types.HierarchyTypeMismatchException{Message: aws.String("Parameter Store doesn't support changing the type of a parameter: " + p.Name +
			" is a " + string(p.Type) + ".")}
	}
	if in.Type != "" {
		p.Type = in.Type
	}
	if in.Policies != nil && strings.Trim(*in.Policies, "[] \n") != "" {
		return &types.InvalidPolicyTypeException{Message: aws.String("Parameter policies are not supported.")}
	}
	if in.Description != nil {
		p.Description = *in.Description
	}
	p.Pattern = aws.ToString(in.AllowedPattern)
	switch secret := p.Type == types.ParameterTypeSecureString; {
	case !secret && in.KeyId != nil:
		return invalid("KeyId is required for SecureString type parameter only.")
	case secret && in.KeyId != nil:
		p.KeyID = *in.KeyId
	case secret && p.KeyID == "":
		p.KeyID = defaultKey
	}
	if in.DataType != nil {
		p.DataType = *in.DataType
	}
	return p.check(in.Tier, *in.Value)
}

// check says whether a value fits, and in which tier.
func (p *parameter) check(tier types.ParameterTier, value string) error {
	switch {
	case p.DataType != "text" && p.DataType != "aws:ec2:image":
		return invalid("The following data type is not supported: %s. The supported data types are: text, aws:ec2:image.", p.DataType)
	case p.DataType == "aws:ec2:image" && (p.Type != types.ParameterTypeString || !imageForm.MatchString(value)):
		return invalid("The value of a parameter of the data type aws:ec2:image is a String such as ami-12345abcdeEXAMPLE.")
	case p.Type == types.ParameterTypeStringList && slices.Contains(strings.Split(value, ","), ""):
		return invalid("The value of a StringList must not have empty elements.")
	}
	if p.Pattern != "" {
		pattern, err := regexp.Compile(p.Pattern)
		if err != nil {
			return &types.InvalidAllowedPatternException{Message: aws.String("The allowed pattern " + p.Pattern + " is not valid: " + err.Error())}
		}
		if m := pattern.FindString(value); m != value || !pattern.MatchString(value) {
			return &types.ParameterPatternMismatchException{Message: aws.String("Parameter value, cannot be validated against allowedPattern: " + p.Pattern)}
		}
	}
	size := utf8.RuneCountInString(value)
	switch {
	case tier == types.ParameterTierIntelligentTiering && size > maxStandard, tier == types.ParameterTierAdvanced:
		p.Tier = types.ParameterTierAdvanced
	case tier == types.ParameterTierStandard && p.Tier == types.ParameterTierAdvanced:
		return invalid("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	}
	if p.Tier == types.ParameterTierAdvanced && size > maxAdvanced {
		return invalid("Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvanced)
	}
	if p.Tier == types.ParameterTierStandard && size > maxStandard {
		return invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use "+
			"the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
			maxStandard)
	}
	return nil
}

// trim removes the oldest version when there are too many; not one that has a label.
func (s *Service) trim(tx *store.Tx, k store.Key, p *parameter) error {
	for ; p.Version-p.First >= maxVersions; p.First++ {
		for label, number := range p.Labels {
			if number == p.First {
				return &types.ParameterMaxVersionLimitExceeded{Message: aws.String("You attempted to create a new version of " + p.Name +
					" by calling the PutParameter API with the overwrite flag. Version " + itoa(number) + ", the oldest version, can't be deleted because it has the label " +
					label + " associated with it. Move the label to another version of the parameter, and try again.")}
			}
		}
		if err := s.versions.Delete(tx, versionKey(k, p.First)); err != nil && !absent(err) {
			return err
		}
	}
	return nil
}
