package sqs_test

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestPermissions(t *testing.T) {
	f := open(t)
	q := f.queue("q", nil)
	other, err := f.directory.CreateAccount(f.ctx, identity.NewAccount{Name: "other", Email: "other@example.com"})
	f.ok(err)
	stranger := f.as(authz.Principal{Kind: authz.Root, Account: other.ID, ARN: "arn:aws:iam::" + other.ID + ":root", UserID: other.ID})
	send := func() error {
		_, err := stranger.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str("x")})
		return err
	}
	f.fails(send(), "AccessDeniedException")
	_, err = f.AddPermission(f.ctx, &sqs.AddPermissionInput{QueueUrl: q, Label: str("l"), AWSAccountIds: []string{other.ID}, Actions: []string{"SendMessage"}})
	f.ok(err)
	f.ok(send())
	_, err = stranger.ReceiveMessage(f.ctx, &sqs.ReceiveMessageInput{QueueUrl: q})
	f.fails(err, "AccessDeniedException")
	_, err = f.RemovePermission(f.ctx, &sqs.RemovePermissionInput{QueueUrl: q, Label: str("l")})
	f.ok(err)
	f.fails(send(), "AccessDeniedException")

	service := f.as(authz.Principal{Kind: authz.Service, Name: "events.amazonaws.com", Context: authz.Context{"aws:SourceArn": {"arn:aws:events:us-east-1:1:rule/r"}}})
	deliver := func() error {
		_, err := service.SendMessage(f.ctx, &sqs.SendMessageInput{QueueUrl: q, MessageBody: str("event")})
		return err
	}
	f.fails(deliver(), "AccessDeniedException")
	policy := func(source string) {
		t.Helper()
		_, err := f.SetQueueAttributes(f.ctx, &sqs.SetQueueAttributesInput{QueueUrl: q, Attributes: map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[{
			"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + f.arn(q) + `",
			"Condition":{"ArnEquals":{"aws:SourceArn":"` + source + `"}}}]}`}})
		f.ok(err)
	}
	policy("arn:aws:events:us-east-1:1:rule/other")
	f.fails(deliver(), "AccessDeniedException")
	policy("arn:aws:events:us-east-1:1:rule/r")
	f.ok(deliver())
}
