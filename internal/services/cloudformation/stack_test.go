package cloudformation_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// two resources, of which one needs the other.
const two = `
Parameters:
  Delay: {Type: Number, Default: 5}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: q, DelaySeconds: !Ref Delay}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: t, DisplayName: !Sub "${Queue.Arn}"}
Outputs:
  Queue: {Value: !Ref Queue, Export: {Name: !Sub "${AWS::StackName}-queue"}}
`

func TestCreateAndDelete(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", two, nil))
	s := f.ends("s", types.StackStatusCreateComplete)
	f.equal("things", f.names(), []string{"q", "t"})
	f.equal("calls", f.done(), []string{"create Queue", "create Topic"})
	f.equal("display name", f.things["t"]["DisplayName"], "arn:q")
	f.equal("output", *s.Outputs[0].OutputValue+" "+*s.Outputs[0].ExportName, "q s-queue")
	f.equal("history", f.history("s"), []string{"s CREATE_IN_PROGRESS User Initiated", "Queue CREATE_IN_PROGRESS", "Queue CREATE_IN_PROGRESS Resource creation Initiated",
		"Queue CREATE_COMPLETE", "Topic CREATE_IN_PROGRESS", "Topic CREATE_IN_PROGRESS Resource creation Initiated", "Topic CREATE_COMPLETE", "s CREATE_COMPLETE"})
	f.fails(f.create("s", two, nil), "AlreadyExistsException", "Stack [s] already exists")
	f.fails(f.update("s", two, nil), "ValidationError", "No updates are to be performed.")
	_, err := f.DeleteStack(f.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("s")})
	f.ok(err)
	f.ends(*s.StackId, types.StackStatusDeleteComplete)
	f.equal("things", f.names(), []string{})
	f.equal("calls", f.done(), []string{"delete Topic", "delete Queue"})
	_, err = f.DescribeStacks(f.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("s")})
	f.fails(err, "ValidationError", "Stack with id s does not exist")
	_, err = f.DeleteStack(f.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("s")})
	f.ok(err)
	f.ok(f.create("s", two, nil)) // the name is free again
	f.ends("s", types.StackStatusCreateComplete)
}

func TestRollbackOfCreate(t *testing.T) {
	f := open(t)
	f.fail["create Topic"] = errors.New("out of paper")
	f.ok(f.create("s", two, nil))
	f.ends("s", types.StackStatusRollbackComplete)
	f.equal("things", f.names(), []string{})
	h := f.history("s")
	f.says(h, `Topic CREATE_FAILED Resource handler returned message: "out of paper"`)
	f.says(h, "s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Topic]. Rollback requested by user.")
	f.says(h, "Queue DELETE_COMPLETE")
	f.fails(f.update("s", two, nil), "ValidationError", "is in ROLLBACK_COMPLETE state and can not be updated.")

	f.ok(f.create("kept", two, func(in *cloudformation.CreateStackInput) { in.OnFailure = types.OnFailureDoNothing }))
	f.ends("kept", types.StackStatusCreateFailed)
	f.equal("things", f.names(), []string{"q"})
	_, err := f.RollbackStack(f.ctx, &cloudformation.RollbackStackInput{StackName: aws.String("kept")})
	f.ok(err)
	f.ends("kept", types.StackStatusRollbackComplete)
	f.equal("things", f.names(), []string{})

	f.things["q"] = map[string]any{} // the name is taken: it is not ours to delete
	f.ok(f.create("taken", two, nil))
	f.ends("taken", types.StackStatusRollbackComplete)
	f.says(f.history("taken"), "Resource of type 'AWS::SQS::Queue' with identifier 'q' already exists.")
	f.equal("things", f.names(), []string{"q"})
}

const three = `
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: q, DelaySeconds: 9}
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: g}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: t2, DisplayName: !Sub "${Queue.Arn}"}
`

func TestUpdate(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", two, nil))
	f.ends("s", types.StackStatusCreateComplete)
	f.done()
	f.ok(f.update("s", three, nil))
	f.ends("s", types.StackStatusUpdateComplete)
	f.equal("things", f.names(), []string{"g", "q", "t2"}) // the topic's name replaces it
	f.equal("delay", f.things["q"]["DelaySeconds"], 9)
	calls := f.done()
	f.equal("last call", calls[len(calls)-1], "delete Topic")
	h := f.history("s")
	f.says(h, "Topic UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.")
	f.says(h, "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
	f.ok(f.update("s", "Resources: {Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: g}}}", nil))
	f.ends("s", types.StackStatusUpdateComplete)
	f.equal("things", f.names(), []string{"g"})
}

func TestRollbackOfUpdate(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", two, nil))
	f.ends("s", types.StackStatusCreateComplete)
	f.fail["create Topic"] = errors.New("out of paper")
	f.ok(f.update("s", three, nil))
	s := f.ends("s", types.StackStatusUpdateRollbackComplete)
	f.equal("things", f.names(), []string{"q", "t"})
	f.equal("delay", f.things["q"]["DelaySeconds"], "5")
	f.equal("outputs", len(s.Outputs), 1)
	f.says(f.history("s"), "s UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Topic].")
	f.fails(f.update("s", two, nil), "ValidationError", "No updates are to be performed.")

	f.fail["update Queue"] = errors.New("jammed") // neither forward nor back
	f.ok(f.update("s", three, nil))
	f.ends("s", types.StackStatusUpdateRollbackFailed)
	_, err := f.ContinueUpdateRollback(f.ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: aws.String("s")})
	f.ok(err)
	f.ends("s", types.StackStatusUpdateRollbackFailed)
	_, err = f.ContinueUpdateRollback(f.ctx, &cloudformation.ContinueUpdateRollbackInput{StackName: aws.String("s"), ResourcesToSkip: []string{"Queue"}})
	f.ok(err)
	f.ends("s", types.StackStatusUpdateRollbackComplete)
	f.equal("things", f.names(), []string{"q", "t"})
	clear(f.fail)
	f.ok(f.update("s", three, nil))
	f.ends("s", types.StackStatusUpdateComplete)
	f.equal("things", f.names(), []string{"g", "q", "t2"})
}

func TestDeletionPolicies(t *testing.T) {
	f := open(t)
	f.ok(f.create("s", `
Resources:
  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: kept}}
  Gone: {Type: AWS::SQS::Queue, DeletionPolicy: RetainExceptOnCreate, Properties: {QueueName: "after"}}
  Stuck: {Type: AWS::SQS::Queue, Properties: {QueueName: stuck}}
`, func(in *cloudformation.CreateStackInput) { in.EnableTerminationProtection = aws.Bool(true) }))
	s := f.ends("s", types.StackStatusCreateComplete)
	remove := func(in cloudformation.DeleteStackInput) error {
		in.StackName = s.StackId
		_, err := f.DeleteStack(f.ctx, &in)
		return err
	}
	f.fails(remove(cloudformation.DeleteStackInput{}), "ValidationError", "Stack [s] cannot be deleted while TerminationProtection is enabled")
	_, err := f.UpdateTerminationProtection(f.ctx, &cloudformation.UpdateTerminationProtectionInput{StackName: aws.String("s"), EnableTerminationProtection: aws.Bool(false)})
	f.ok(err)
	f.fail["delete Stuck"] = errors.New("jammed")
	f.ok(remove(cloudformation.DeleteStackInput{}))
	f.ends("s", types.StackStatusDeleteFailed)
	f.says(f.history("s"), "s DELETE_FAILED The following resource(s) failed to delete: [Stuck].")
	f.says(f.history("s"), "Kept DELETE_SKIPPED")
	f.ok(remove(cloudformation.DeleteStackInput{RetainResources: []string{"Stuck"}}))
	f.ends(*s.StackId, types.StackStatusDeleteComplete)
	if got := f.names(); !slices.Equal(got, []string{"after", "kept", "stuck"}) {
		t.Errorf("got %v", got)
	}
}
