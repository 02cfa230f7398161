package lambda

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// maxPolicy is how long a policy is at most, in bytes.
const maxPolicy = 20480

// policy is that of a qualifier, nil when it has none.
func (s *Service) policy(r ref, f function) (*authz.Policy, error) {
	document := f.Policies[r.Qualifier]
	if document == "" {
		return nil, nil
	}
	return s.parsed(r.arn(), document)
}

// statement is a permission as a policy holds it.
type statement struct {
	Sid, Effect string
	Principal   any
	Action      string
	Resource    string
	Condition   map[string]map[string]string `json:",omitempty"`
}

func (p *statement) when(operator, key string, value *string) {
	if aws.ToString(value) == "" {
		return
	}
	if p.Condition == nil {
		p.Condition = map[string]map[string]string{}
	}
	if p.Condition[operator] == nil {
		p.Condition[operator] = map[string]string{}
	}
	p.Condition[operator][key] = *value
}

func principalOf(text string) any {
	switch {
	case text == "*":
		return "*"
	case len(text) == 12 && isVersion(text):
		return map[string]string{"AWS": arn.New("iam", "", text, "root")}
	case strings.HasPrefix(text, "arn:"):
		return map[string]string{"AWS": text}
	}
	return map[string]string{"Service": text}
}

// add puts a statement to a document.
func add(document string, p statement) (whole, one string, err error) {
	d := authz.ReadStatements(document, "default")
	if d.Has(p.Sid) {
		return "", "", conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", p.Sid)
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "", "", err
	}
	d.Statement = append(d.Statement, b)
	all, err := json.Marshal(d)
	if err != nil {
		return "", "", err
	}
	if _, err := authz.ParseResource(all); err != nil {
		return "", "", invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	if len(all) > maxPolicy {
		return "", "", &types.PolicyLengthExceededException{Type: user, Message: aws.String("The final policy size is bigger than the limit (20480).")}
	}
	return string(all), string(b), nil
}

// remove takes a statement off a document; what is left is "" when that was the last one.
func remove(document, sid string) (string, error) {
	if document == "" {
		return "", missing("No policy is associated with the given resource.")
	}
	d := authz.ReadStatements(document, "default")
	if !d.Has(sid) {
		return "", missing("Statement %s is not found in resource policy.", sid)
	}
	d.Remove(sid)
	if len(d.Statement) == 0 {
		return "", nil
	}
	b, err := json.Marshal(d)
	return string(b), err
}

// qualified makes sure that what a qualifier names is there.
func (s *Service) qualified(tx *store.Tx, r ref, f *function) error {
	if _, ok := f.Aliases[r.Qualifier]; ok || r.Qualifier == "" {
		return nil
	}
	_, err := s.versions.Get(tx, versionKey(r.Key, r.Qualifier))
	if absent(err) {
		return missing("Function not found: %s", r.arn())
	}
	return err
}

// AddPermission lets somebody use a function.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
func (s *Service) AddPermission(ctx context.Context, in *lambda.AddPermissionInput) (*lambda.AddPermissionOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if r.Qualifier == latest {
		return nil, invalid("We currently do not support adding policies for $LATEST.")
	}
	p := statement{Sid: *in.StatementId, Effect: "Allow", Principal: principalOf(*in.Principal), Action: *in.Action, Resource: r.arn()}
	p.when("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	p.when("ArnLike", "AWS:SourceArn", in.SourceArn)
	p.when("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	p.when("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	if in.FunctionUrlAuthType != "" {
		p.when("StringEquals", "lambda:FunctionUrlAuthType", aws.String(string(in.FunctionUrlAuthType)))
	}
	if aws.ToBool(in.InvokedViaFunctionUrl) {
		p.when("Bool", "lambda:InvokedViaFunctionUrl", aws.String("true"))
	}
	one := ""
	err = s.change(ctx, r, func(tx *store.Tx, f *function) error {
		if err := s.qualified(tx, r, f); err != nil {
			return err
		}
		if in.RevisionId != nil && *in.RevisionId != f.Revisions[r.Qualifier] {
			return stale("GetPolicy")
		}
		whole, added, err := add(f.Policies[r.Qualifier], p)
		if err != nil {
			return err
		}
		one = added
		f.Policies, f.Revisions = with(f.Policies, r.Qualifier, whole), with(f.Revisions, r.Qualifier, uuid.NewString())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lambda.AddPermissionOutput{Statement: &one}, nil
}

func (s *Service) addPermissionTargets(ctx context.Context, in *lambda.AddPermissionInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// RemovePermission takes a permission back.
func (s *Service) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput) (*lambda.RemovePermissionOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, r, func(_ *store.Tx, f *function) error {
		if in.RevisionId != nil && *in.RevisionId != f.Revisions[r.Qualifier] {
			return stale("GetPolicy")
		}
		left, err := remove(f.Policies[r.Qualifier], *in.StatementId)
		if err != nil {
			return err
		}
		f.Policies, f.Revisions = with(f.Policies, r.Qualifier, left), with(f.Revisions, r.Qualifier, uuid.NewString())
		if left == "" {
			f.Policies = without(f.Policies, r.Qualifier)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lambda.RemovePermissionOutput{}, nil
}

func (s *Service) removePermissionTargets(ctx context.Context, in *lambda.RemovePermissionInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}

// GetPolicy shows who may use a function.
func (s *Service) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
	r, f, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	document, ok := f.Policies[r.Qualifier]
	if !ok {
		return nil, missing("The resource you requested does not exist.")
	}
	return &lambda.GetPolicyOutput{Policy: &document, RevisionId: aws.String(f.Revisions[r.Qualifier])}, nil
}

func (s *Service) getPolicyTargets(ctx context.Context, in *lambda.GetPolicyInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, in.Qualifier)
}
