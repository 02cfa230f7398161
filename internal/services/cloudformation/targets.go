package cloudformation

import (
	"context"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// The targets of each operation: the stack that it names, with what it passes on.

func (s *Service) cancelUpdateStackTargets(ctx context.Context, in *cloudformation.CancelUpdateStackInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) continueUpdateRollbackTargets(ctx context.Context, in *cloudformation.ContinueUpdateRollbackInput) ([]wire.Target, error) {
	return s.asked(ctx, in.StackName, in.RoleARN, nil, nil)
}

func (s *Service) createChangeSetTargets(ctx context.Context, in *cloudformation.CreateChangeSetInput) ([]wire.Target, error) {
	return s.asked(ctx, in.StackName, in.RoleARN, in.TemplateURL, in.ResourceTypes)
}

func (s *Service) createStackTargets(ctx context.Context, in *cloudformation.CreateStackInput) ([]wire.Target, error) {
	return s.asked(ctx, in.StackName, in.RoleARN, in.TemplateURL, in.ResourceTypes)
}

func (s *Service) deleteChangeSetTargets(ctx context.Context, in *cloudformation.DeleteChangeSetInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) deleteStackTargets(ctx context.Context, in *cloudformation.DeleteStackInput) ([]wire.Target, error) {
	return s.asked(ctx, in.StackName, in.RoleARN, nil, nil)
}

func (s *Service) describeChangeSetTargets(ctx context.Context, in *cloudformation.DescribeChangeSetInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) describeStackEventsTargets(ctx context.Context, in *cloudformation.DescribeStackEventsInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) describeStackResourceTargets(ctx context.Context, in *cloudformation.DescribeStackResourceInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) describeStackResourceDriftsTargets(ctx context.Context, in *cloudformation.DescribeStackResourceDriftsInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) describeStackResourcesTargets(ctx context.Context, in *cloudformation.DescribeStackResourcesInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) describeStacksTargets(ctx context.Context, in *cloudformation.DescribeStacksInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) detectStackDriftTargets(ctx context.Context, in *cloudformation.DetectStackDriftInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) detectStackResourceDriftTargets(ctx context.Context, in *cloudformation.DetectStackResourceDriftInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) executeChangeSetTargets(ctx context.Context, in *cloudformation.ExecuteChangeSetInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) getStackPolicyTargets(ctx context.Context, in *cloudformation.GetStackPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) getTemplateTargets(ctx context.Context, in *cloudformation.GetTemplateInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) getTemplateSummaryTargets(ctx context.Context, in *cloudformation.GetTemplateSummaryInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) listChangeSetsTargets(ctx context.Context, in *cloudformation.ListChangeSetsInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) listStackResourcesTargets(ctx context.Context, in *cloudformation.ListStackResourcesInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) rollbackStackTargets(ctx context.Context, in *cloudformation.RollbackStackInput) ([]wire.Target, error) {
	return s.asked(ctx, in.StackName, in.RoleARN, nil, nil)
}

func (s *Service) setStackPolicyTargets(ctx context.Context, in *cloudformation.SetStackPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) signalResourceTargets(ctx context.Context, in *cloudformation.SignalResourceInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}

func (s *Service) updateStackTargets(ctx context.Context, in *cloudformation.UpdateStackInput) ([]wire.Target, error) {
	return s.asked(ctx, in.StackName, in.RoleARN, in.TemplateURL, in.ResourceTypes)
}

func (s *Service) updateTerminationProtectionTargets(ctx context.Context, in *cloudformation.UpdateTerminationProtectionInput) ([]wire.Target, error) {
	return s.on(ctx, in.StackName)
}
