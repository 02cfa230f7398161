package blueprint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/atelier-studio/atelier/blueprints"
)

// Deployment is what to deploy, and how.
type Deployment struct {
	Blueprint  blueprints.Blueprint
	Stack      string            // <ProjectName>-<Environment>-<kind> when empty
	Parameters map[string]string // what the user chose
	Code       []byte            // archive of the functions; nil: what this program was built with
	Keep       bool              // leave what was made when something fails
	NoSamples  bool
	NoValidate bool
}

// FailedError is a deployment that failed, with the resource that made it fail.
type FailedError struct {
	Stack, Status, Reason string
	Resources             []Resource
}

func (e *FailedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the stack %s is %s", e.Stack, e.Status)
	for _, r := range e.Resources {
		fmt.Fprintf(&b, "\n  %s (%s): %s", r.ID, r.Type, r.Reason)
	}
	if len(e.Resources) == 0 && e.Reason != "" {
		fmt.Fprintf(&b, ": %s", e.Reason)
	}
	return b.String()
}

// Deploy runs the workflow: parameters, stack, resources, initial configuration, validation. It tells how far it is on the board.
func (c *Client) Deploy(ctx context.Context, d Deployment, board *Board) (s *Stack, err error) {
	step := board.Step("Parameters")
	list, err := Parameters(d.Blueprint.Template)
	if err == nil {
		err = c.prepare(ctx, &d, list)
	}
	if step.End(err, "%d given", len(d.Parameters)) != nil {
		return nil, err
	}
	step = board.Step("Stack")
	id, err := c.change(ctx, d.Stack, d.Blueprint, d.Parameters, types.ChangeSetTypeCreate, d.Keep)
	if step.End(err, "%s", d.Stack) != nil {
		return nil, err
	}
	step = board.Step("Resources")
	status, failures, err := c.watch(ctx, id, map[string]bool{}, step.Resources)
	if err == nil && status != "CREATE_COMPLETE" {
		err = c.whatFailed(ctx, d.Stack, status, failures)
	}
	if step.End(err, "") != nil {
		return nil, c.cleanUp(ctx, d, err, board)
	}
	if s, err = c.Stack(ctx, d.Stack); err != nil {
		return nil, err
	}
	if !d.NoSamples {
		step = board.Step("Initial configuration")
		n, err := c.configure(ctx, d, s)
		if step.End(err, "%d files in s3://%s", n, s.Outputs["BucketName"]) != nil {
			return s, c.cleanUp(ctx, d, err, board)
		}
	}
	if !d.NoValidate {
		step = board.Step("Validation")
		said, err := c.Validate(ctx, d.Blueprint, s)
		if step.End(err, "%s", said) != nil {
			return s, c.cleanUp(ctx, d, err, board)
		}
	}
	return s, nil
}

// prepare completes the parameters and checks them: before anything is made.
func (c *Client) prepare(ctx context.Context, d *Deployment, list []Parameter) error {
	d.Parameters = maps.Clone(d.Parameters)
	given := func(name string) string {
		if v, ok := d.Parameters[name]; ok {
			return v
		}
		for _, p := range list {
			if p.Name == name && p.Default != nil {
				return *p.Default
			}
		}
		return ""
	}
	ownCode, ownModel := given("CodeS3Bucket") == "", given("ModelSource") == "sagemaker" && given("SageMakerConfigModelArtifactPath") == ""
	if _, chosen := d.Parameters["Architecture"]; ownCode && d.Code == nil && !chosen { // what there is code for
		if there := blueprints.Architectures(); len(there) > 0 && !slices.Contains(there, given("Architecture")) {
			d.Parameters["Architecture"] = there[0]
		}
	}
	trial := maps.Clone(d.Parameters)
	if ownCode {
		trial["CodeS3Bucket"], trial["CodeS3Key"] = "bucket", "key"
	}
	if err := Check(list, trial); err != nil {
		return err
	}
	if d.Stack == "" {
		d.Stack = given("ProjectName") + "-" + given("Environment") + "-" + d.Blueprint.Kind
	}
	switch s, err := c.Stack(ctx, d.Stack); {
	case errors.Is(err, ErrNoStack):
	case err != nil:
		return err
	case s.Status != "REVIEW_IN_PROGRESS":
		return fmt.Errorf("there is a stack %s already, %s: atelier blueprint update changes it, atelier blueprint delete removes it", d.Stack, s.Status)
	}
	if ownCode {
		if d.Code == nil {
			code, ok := blueprints.Code(given("Architecture"))
			if !ok {
				return errors.New("this program was built without the functions' code for " + given("Architecture") + ": make build puts it in, or --code names the archive")
			}
			d.Code = code
		}
		bucket, err := c.assets(ctx)
		if err != nil {
			return err
		}
		if d.Parameters["CodeS3Key"], err = c.bring(ctx, bucket, "functions", "function.zip", d.Code); err != nil {
			return err
		}
		d.Parameters["CodeS3Bucket"] = bucket
	}
	if ownModel {
		bucket, err := c.assets(ctx)
		if err != nil {
			return err
		}
		key, err := c.SampleModel(ctx, bucket)
		if err != nil {
			return err
		}
		d.Parameters["SageMakerConfigModelArtifactPath"] = "s3://" + bucket + "/" + key
	}
	return nil
}

// change makes a change set and carries it out. It returns the stack's id.
func (c *Client) change(ctx context.Context, stack string, b blueprints.Blueprint, given map[string]string, kind types.ChangeSetType, keep bool) (id string, err error) {
	in := &cloudformation.CreateChangeSetInput{StackName: &stack, ChangeSetName: aws.String(fmt.Sprintf("atelier-%d", time.Now().UnixNano())), ChangeSetType: kind,
		TemplateBody: &b.Template, Capabilities: []types.Capability{types.CapabilityCapabilityIam}, Tags: []types.Tag{{Key: aws.String(blueprintTag), Value: &b.Name}}}
	list, err := Parameters(b.Template)
	if err != nil {
		return "", err
	}
	for _, p := range list {
		if v, ok := given[p.Name]; ok {
			in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &p.Name, ParameterValue: &v})
		} else if kind == types.ChangeSetTypeUpdate {
			in.Parameters = append(in.Parameters, types.Parameter{ParameterKey: &p.Name, UsePreviousValue: aws.Bool(true)})
		}
	}
	out, err := c.stacks.CreateChangeSet(ctx, in)
	if err != nil {
		return "", err
	}
	for {
		set, err := c.stacks.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: out.Id, StackName: out.StackId})
		if err != nil {
			return "", err
		}
		if set.Status == types.ChangeSetStatusCreateComplete {
			break
		}
		if set.Status == types.ChangeSetStatusFailed {
			_, dropped := c.stacks.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: out.Id, StackName: out.StackId})
			if kind == types.ChangeSetTypeCreate { // a stack without anything in it stays in review
				_, gone := c.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: out.StackId})
				dropped = errors.Join(dropped, gone)
			}
			return "", errors.Join(errors.New(aws.ToString(set.StatusReason)), dropped)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(c.pause()):
		}
	}
	run := &cloudformation.ExecuteChangeSetInput{ChangeSetName: out.Id, StackName: out.StackId}
	if keep {
		run.DisableRollback = aws.Bool(true)
	}
	_, err = c.stacks.ExecuteChangeSet(ctx, run)
	return aws.ToString(out.StackId), err
}

// whatFailed is the error of a stack that did not become what it should.
func (c *Client) whatFailed(ctx context.Context, name, status string, failures []Resource) error {
	e := &FailedError{Stack: name, Status: status, Resources: failures}
	if s, err := c.Stack(ctx, name); err == nil {
		e.Reason = s.Reason
	}
	return e
}

// cleanUp removes what a failed deployment made, unless it is to be kept.
func (c *Client) cleanUp(ctx context.Context, d Deployment, why error, board *Board) error {
	if d.Keep || ctx.Err() != nil {
		return fmt.Errorf("%w\nwhat was made is kept: atelier blueprint delete %s removes it", why, d.Stack)
	}
	step := board.Step("Clean up")
	return errors.Join(why, step.End(c.remove(ctx, d.Stack, step.Resources), "%s is gone", d.Stack))
}

// Update changes parameters of a stack, or brings it to this program's template and code.
func (c *Client) Update(ctx context.Context, name string, given map[string]string, code []byte, board *Board) (*Stack, error) {
	step := board.Step("Parameters")
	s, b, err := c.deployed(ctx, name)
	var list []Parameter
	if err == nil {
		list, err = Parameters(b.Template)
	}
	if err == nil {
		all := maps.Clone(s.Parameters)
		maps.Copy(all, given)
		err = Check(list, all)
	}
	if err == nil && code != nil {
		var bucket string
		if bucket, err = c.assets(ctx); err == nil {
			given = maps.Clone(given)
			given["CodeS3Bucket"] = bucket
			given["CodeS3Key"], err = c.bring(ctx, bucket, "functions", "function.zip", code)
		}
	}
	if step.End(err, "%d given", len(given)) != nil {
		return nil, err
	}
	step = board.Step("Stack")
	seen := map[string]bool{}
	_, err = c.events(ctx, s.ID, seen)
	if err == nil {
		for name := range s.Parameters { // of an older template
			if !slices.ContainsFunc(list, func(p Parameter) bool { return p.Name == name }) {
				delete(given, name)
			}
		}
		_, err = c.change(ctx, name, b, given, types.ChangeSetTypeUpdate, false)
	}
	if err != nil && strings.Contains(err.Error(), "didn't contain changes") {
		_ = step.End(nil, "nothing to change")
		return s, nil
	}
	if step.End(err, "%s", name) != nil {
		return nil, err
	}
	step = board.Step("Resources")
	status, failures, err := c.watch(ctx, s.ID, seen, step.Resources)
	if err == nil && status != "UPDATE_COMPLETE" {
		err = c.whatFailed(ctx, name, status, failures)
	}
	if step.End(err, "") != nil {
		return nil, err
	}
	return c.Stack(ctx, name)
}

// deployed is a stack with its blueprint.
func (c *Client) deployed(ctx context.Context, name string) (*Stack, blueprints.Blueprint, error) {
	s, err := c.Stack(ctx, name)
	if err != nil {
		return nil, blueprints.Blueprint{}, err
	}
	if s.Blueprint == "" {
		return nil, blueprints.Blueprint{}, fmt.Errorf("%s is no stack of a blueprint", name)
	}
	b, err := blueprints.Find(s.Blueprint)
	return s, b, err
}

// Delete empties a stack's bucket and deletes the stack.
func (c *Client) Delete(ctx context.Context, name string, board *Board) error {
	if _, _, err := c.deployed(ctx, name); err != nil {
		return err
	}
	step := board.Step("Delete")
	return step.End(c.remove(ctx, name, step.Resources), "%s is gone", name)
}

func (c *Client) remove(ctx context.Context, name string, show func([]Resource)) error {
	s, err := c.Stack(ctx, name)
	if errors.Is(err, ErrNoStack) {
		return nil
	}
	if err != nil {
		return err
	}
	list, err := c.Resources(ctx, name)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Type == "AWS::S3::Bucket" && r.Physical != "" && r.Status != "DELETE_COMPLETE" {
			if _, err := c.Empty(ctx, r.Physical); err != nil {
				return err
			}
		}
	}
	seen := map[string]bool{}
	if _, err := c.events(ctx, s.ID, seen); err != nil {
		return err
	}
	if _, err := c.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &s.ID}); err != nil {
		return err
	}
	status, failures, err := c.watch(ctx, s.ID, seen, show)
	if err == nil && status != "DELETE_COMPLETE" {
		err = c.whatFailed(ctx, s.ID, status, failures)
	}
	return err
}
