package cloudformation

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// GetTemplate gives a stack's or a change set's template: as it was written, or with its transforms done.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
func (s *Service) GetTemplate(ctx context.Context, in *cloudformation.GetTemplateInput) (*cloudformation.GetTemplateOutput, error) {
	var k store.Key
	var st stack
	var v revision
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		if text(in.ChangeSetName) != "" {
			var c changeSet
			k, st, c, err = s.setNamed(ctx, tx, in.StackName, in.ChangeSetName)
			v = c.Revision
			return err
		}
		if k, st, err = s.named(ctx, tx, text(in.StackName)); err != nil {
			return err
		}
		v, err = s.standing(tx, k, &st)
		return err
	}); err != nil {
		return nil, err
	}
	out := &cloudformation.GetTemplateOutput{TemplateBody: &v.Body, StagesAvailable: []types.TemplateStage{types.TemplateStageOriginal, types.TemplateStageProcessed}}
	if in.TemplateStage != types.TemplateStageProcessed || v.Body == "" {
		return out, nil
	}
	p, err := s.bind(ctx, k, &st, v, s.As(wire.CallOf(ctx).Principal, k.Region))
	if err != nil {
		return nil, err
	}
	if len(p.Template.Transforms) > 0 {
		out.TemplateBody = aws.String(string(p.Processed()))
	}
	return out, nil
}

// body is the template that a request gives.
func (s *Service) body(ctx context.Context, body, url *string) (*template.Template, error) {
	b, call := text(body), wire.CallOf(ctx)
	switch {
	case (b != "") == (text(url) != ""):
		return nil, invalid("Either Template URL or Template Body must be specified.")
	case len(b) > template.MaxBody:
		return nil, invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", template.MaxBody)
	case b == "":
		var err error
		if b, err = s.templateURL(ctx, s.As(call.Principal, call.Region), *url); err != nil {
			return nil, err
		}
	}
	t, err := template.Parse([]byte(b))
	return t, templateFault(err)
}

// ValidateTemplate checks a template.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html
func (s *Service) ValidateTemplate(ctx context.Context, in *cloudformation.ValidateTemplateInput) (*cloudformation.ValidateTemplateOutput, error) {
	t, err := s.body(ctx, in.TemplateBody, in.TemplateURL)
	if err != nil {
		return nil, err
	}
	u := t.Summary()
	if err := s.served(u.Types); err != nil {
		return nil, err
	}
	out := &cloudformation.ValidateTemplateOutput{Description: filled(u.Description), Capabilities: capabilities(u), CapabilitiesReason: filled(u.Reason),
		DeclaredTransforms: u.Transforms}
	for _, p := range u.Parameters {
		out.Parameters = append(out.Parameters, types.TemplateParameter{ParameterKey: some(p.Name), DefaultValue: p.Default, Description: filled(p.Description), NoEcho: some(p.NoEcho)})
	}
	return out, nil
}

func capabilities(u template.Summary) (out []types.Capability) {
	for _, c := range u.Capabilities {
		out = append(out, types.Capability(c))
	}
	return out
}

// GetTemplateSummary tells what a template, or a stack's, asks for and has.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
func (s *Service) GetTemplateSummary(ctx context.Context, in *cloudformation.GetTemplateSummaryInput) (*cloudformation.GetTemplateSummaryOutput, error) {
	var t *template.Template
	var err error
	if text(in.StackName) != "" {
		var v revision
		if err := s.Store.View(ctx, func(tx *store.Tx) error {
			k, st, err := s.alive(ctx, tx, *in.StackName)
			if err != nil {
				return err
			}
			v, err = s.standing(tx, k, &st)
			return err
		}); err != nil {
			return nil, err
		}
		t, err = template.Parse([]byte(v.Body))
		err = templateFault(err)
	} else {
		t, err = s.body(ctx, in.TemplateBody, in.TemplateURL)
	}
	if err != nil {
		return nil, err
	}
	u := t.Summary()
	out := &cloudformation.GetTemplateSummaryOutput{Description: filled(u.Description), Version: filled(u.Version), Metadata: filled(u.Metadata),
		Capabilities: capabilities(u), CapabilitiesReason: filled(u.Reason), DeclaredTransforms: u.Transforms, ResourceTypes: u.Types}
	for _, p := range u.Parameters {
		d := types.ParameterDeclaration{ParameterKey: some(p.Name), ParameterType: some(p.Type), DefaultValue: p.Default, Description: filled(p.Description), NoEcho: some(p.NoEcho),
			ParameterConstraints: &types.ParameterConstraints{AllowedValues: p.AllowedValues}}
		out.Parameters = append(out.Parameters, d)
	}
	for _, typ := range slices.Sorted(maps.Keys(u.Identifiers)) {
		out.ResourceIdentifierSummaries = append(out.ResourceIdentifierSummaries, types.ResourceIdentifierSummary{ResourceType: some(typ), LogicalResourceIds: u.Identifiers[typ],
			ResourceIdentifiers: s.identifiers(typ)})
	}
	if c := in.TemplateSummaryConfig; c != nil && set(c.TreatUnrecognizedResourceTypesAsWarnings) {
		out.Warnings = &types.Warnings{UnrecognizedResourceTypes: s.unserved(u.Types)}
		return out, nil
	}
	return out, s.served(u.Types)
}

func (s *Service) identifiers(typ string) []string {
	if t, ok := s.typed(typ); ok && t.NameProperty != "" {
		return []string{t.NameProperty}
	}
	return nil
}

// DescribeType tells of a type of resources that is served.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeType.html
func (s *Service) DescribeType(ctx context.Context, in *cloudformation.DescribeTypeInput) (*cloudformation.DescribeTypeOutput, error) {
	name := text(in.TypeName)
	if _, ok := s.types[name]; !ok {
		return nil, &types.TypeNotFoundException{Message: some("The type '" + name + "' cannot be found.")}
	}
	schema, err := json.Marshal(map[string]any{"typeName": name})
	return &cloudformation.DescribeTypeOutput{TypeName: &name, Type: types.RegistryTypeResource, Arn: some(typeARN(ctx, name)), Visibility: types.VisibilityPublic,
		ProvisioningType: s.provisioning(name), DeprecatedStatus: types.DeprecatedStatusLive, Schema: some(string(schema)), IsActivated: some(true)}, err
}

func typeARN(ctx context.Context, name string) string {
	out := []byte("arn:aws:cloudformation:" + wire.CallOf(ctx).Region + "::type/resource/" + name)
	for i := len(out) - len(name); i < len(out); i++ {
		if out[i] == ':' {
			out[i] = '-'
		}
	}
	return string(out)
}

func (s *Service) provisioning(name string) types.ProvisioningType {
	if s.types[name].Update == nil {
		return types.ProvisioningTypeImmutable
	}
	return types.ProvisioningTypeFullyMutable
}

// ListTypes lists the types of resources that are served.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListTypes.html
func (s *Service) ListTypes(ctx context.Context, in *cloudformation.ListTypesInput) (*cloudformation.ListTypesOutput, error) {
	out := &cloudformation.ListTypesOutput{}
	size := pageSize
	if in.MaxResults != nil {
		size = int(*in.MaxResults)
	}
	names, next, err := wire.Page(ctx, slices.Sorted(maps.Keys(s.types)), func(n string) string { return n }, size, in.NextToken)
	for _, name := range names {
		out.TypeSummaries = append(out.TypeSummaries, types.TypeSummary{TypeName: some(name), Type: types.RegistryTypeResource, TypeArn: some(typeARN(ctx, name)), IsActivated: some(true)})
	}
	out.NextToken = next
	return out, paged(err)
}
