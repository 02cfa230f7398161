package iam

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// serviceLinkedPrefix begins the paths of service-linked roles.
const serviceLinkedPrefix = "/aws-service-role/"

// deletion is a finished deletion of a service-linked role.
type deletion struct{ Account, Role string }

func serviceLinkedPath(service string) string { return serviceLinkedPrefix + service + "/" }

// serviceLinkedName is the name of a service's role. Services name theirs themselves; others are named after their host.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
func serviceLinkedName(service, suffix string) string {
	names := map[string]string{
		"autoscaling.amazonaws.com":                       "AutoScaling",
		"cloudtrail.amazonaws.com":                        "CloudTrail",
		"ecs.amazonaws.com":                               "ECS",
		"eks.amazonaws.com":                               "AmazonEKS",
		"elasticloadbalancing.amazonaws.com":              "ElasticLoadBalancing",
		"elasticmapreduce.amazonaws.com":                  "EMRCleanup",
		"lakeformation.amazonaws.com":                     "LakeFormationDataAccess",
		"organizations.amazonaws.com":                     "Organizations",
		"ram.amazonaws.com":                               "ResourceAccessManager",
		"rds.amazonaws.com":                               "RDS",
		"redshift.amazonaws.com":                          "Redshift",
		"sagemaker.application-autoscaling.amazonaws.com": "ApplicationAutoScaling_SageMakerEndpoint",
		"dynamodb.application-autoscaling.amazonaws.com":  "ApplicationAutoScaling_DynamoDBTable",
		"lambda.application-autoscaling.amazonaws.com":    "ApplicationAutoScaling_LambdaConcurrency",
		"spot.amazonaws.com":                              "EC2Spot",
	}
	name, ok := names[service]
	if !ok {
		for _, part := range strings.FieldsFunc(strings.TrimSuffix(service, ".amazonaws.com"), func(r rune) bool { return r == '.' || r == '-' }) {
			name += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	if suffix != "" {
		name += "_" + suffix
	}
	return "AWSServiceRoleFor" + name
}

// CreateServiceLinkedRole makes the role that a service acts with.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
func (s *Service) CreateServiceLinkedRole(ctx context.Context, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	service := aws.ToString(in.AWSServiceName)
	if !strings.HasSuffix(service, ".amazonaws.com") || strings.HasPrefix(service, ".") {
		return nil, invalidInput("Service name %s is not a valid service principal.", service)
	}
	trust, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow",
		"Principal": map[string]string{"Service": service}, "Action": "sts:AssumeRole"}}})
	if err != nil {
		return nil, err
	}
	name := serviceLinkedName(service, aws.ToString(in.CustomSuffix))
	if len(name) > 64 {
		return nil, invalidInput("The name %s of the role is longer than 64 characters.", name)
	}
	out := &iam.CreateServiceLinkedRoleOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		r := identity.Role{Account: account, Name: name, Path: serviceLinkedPath(service), ID: identity.NewID(identity.PrefixRole, account),
			Created: s.now(), Description: aws.ToString(in.Description), Trust: string(trust), MaxSession: defaultSession}
		out.Role = fullRole(r)
		return taken(s.d.Roles.Insert(tx, identity.NameKey(account, name), r),
			invalidInput("Service role name %s has been taken in this account, please try a different suffix.", name))
	}))
}

// DeleteServiceLinkedRole removes a service-linked role at once; the task that it tells has succeeded.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html
func (s *Service) DeleteServiceLinkedRole(ctx context.Context, in *iam.DeleteServiceLinkedRoleInput) (*iam.DeleteServiceLinkedRoleOutput, error) {
	out := &iam.DeleteServiceLinkedRoleOutput{}
	return done(out, s.update(ctx, func(tx *store.Tx, account string) error {
		r, err := s.role(tx, account, aws.ToString(in.RoleName))
		if err != nil {
			return err
		}
		if !strings.HasPrefix(r.Path, serviceLinkedPrefix) {
			return invalidInput("The role %s is not a service-linked role.", r.Name)
		}
		id := "task" + r.Path + r.Name + "/" + identity.RandomID(32)
		out.DeletionTaskId = &id
		if err := s.deletions.Insert(tx, identity.IDKey(id), deletion{Account: account, Role: r.Name}); err != nil {
			return err
		}
		return s.d.Roles.Delete(tx, identity.NameKey(account, r.Name))
	}))
}

// GetServiceLinkedRoleDeletionStatus tells how a deletion went.
func (s *Service) GetServiceLinkedRoleDeletionStatus(ctx context.Context, in *iam.GetServiceLinkedRoleDeletionStatusInput) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
	id := aws.ToString(in.DeletionTaskId)
	return done(&iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded},
		s.view(ctx, func(tx *store.Tx, account string) error {
			none := noSuchEntity("The deletion task with id %s cannot be found.", id)
			task, err := s.deletions.Get(tx, identity.IDKey(id))
			if err == nil && task.Account != account {
				return none
			}
			return absent(err, none)
		}))
}

// deletionRole reads service and role out of a deletion task's id.
func deletionRole(id string) (service, name string, ok bool) {
	parts := strings.Split(id, "/")
	if len(parts) != 5 {
		return "", "", false
	}
	return parts[2], parts[3], true
}
