package codec

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	brtypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// serve answers real SDK clients through the codec; handle gives an output or an error for an input.
func serve(t *testing.T, s *Service, handle func(op string, in any) (any, error)) aws.Config {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		op, params, ok := s.MatchForm(r, body)
		if !ok {
			t.Errorf("%s %s matches nothing", r.Method, r.URL)
			return
		}
		in, err := op.Decode(r, params, body)
		var out any
		if err == nil {
			out, err = handle(op.Name(), in)
		}
		switch events, streamed := out.([]any); {
		case err != nil:
			s.EncodeError(w, r, op, err, "req-1")
		case streamed:
			stream, err := op.EncodeStream(w, r, "req-1", nil)
			for i := 0; err == nil && i < len(events); i++ {
				if e, bad := events[i].(error); bad {
					err = stream.Fail(e)
				} else {
					err = stream.Send(events[i])
				}
			}
			if err != nil {
				t.Error(err)
			}
		default:
			if err := op.Encode(w, r, out, "req-1"); err != nil {
				t.Error(err)
			}
		}
	}))
	t.Cleanup(srv.Close)
	return aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(srv.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLEEXAMPLE00", "secret", "")}
}

func TestClientQuery(t *testing.T) {
	cfg := serve(t, compile(t, "iam", (*iam.Client)(nil)), func(_ string, in any) (any, error) {
		x := in.(*iam.CreateRoleInput)
		if *x.RoleName == "taken" {
			return nil, &types.EntityAlreadyExistsException{Message: aws.String("it is there")}
		}
		return &iam.CreateRoleOutput{Role: &types.Role{RoleName: x.RoleName, Tags: x.Tags, Path: aws.String("/ü <&> \n/")}}, nil
	})
	c := iam.NewFromConfig(cfg)
	in := &iam.CreateRoleInput{RoleName: aws.String("a"), AssumeRolePolicyDocument: aws.String("{}"), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v w")}}}
	out, err := c.CreateRole(context.Background(), in)
	if err != nil || *out.Role.Path != "/ü <&> \n/" || *out.Role.Tags[0].Value != "v w" {
		t.Errorf("got %+v %v", out, err)
	}
	in.RoleName = aws.String("taken")
	_, err = c.CreateRole(context.Background(), in)
	var there *types.EntityAlreadyExistsException
	if !errors.As(err, &there) || *there.Message != "it is there" {
		t.Errorf("got %v", err)
	}
}

func TestClientJSON(t *testing.T) {
	cfg := serve(t, compile(t, "organizations", (*organizations.Client)(nil)), func(_ string, in any) (any, error) {
		if *in.(*organizations.DescribeAccountInput).AccountId == "123456789012" {
			return nil, &orgtypes.AccountNotFoundException{Message: aws.String("gone")}
		}
		return &organizations.DescribeAccountOutput{Account: &orgtypes.Account{Name: aws.String("é\"\u2028")}}, nil
	})
	c := organizations.NewFromConfig(cfg)
	out, err := c.DescribeAccount(context.Background(), &organizations.DescribeAccountInput{AccountId: aws.String("111111111111")})
	if err != nil || *out.Account.Name != "é\"\u2028" {
		t.Errorf("got %+v %v", out, err)
	}
	_, err = c.DescribeAccount(context.Background(), &organizations.DescribeAccountInput{AccountId: aws.String("123456789012")})
	var gone *orgtypes.AccountNotFoundException
	if !errors.As(err, &gone) {
		t.Errorf("got %v", err)
	}
}

func TestClientEventStream(t *testing.T) {
	cfg := serve(t, bedrock(t), func(_ string, in any) (any, error) {
		x := in.(*bedrockruntime.ConverseStreamInput)
		return []any{
			&brtypes.ConverseStreamOutputMemberContentBlockDelta{Value: brtypes.ContentBlockDeltaEvent{ContentBlockIndex: aws.Int32(0),
				Delta: &brtypes.ContentBlockDeltaMemberText{Value: "echo " + x.Messages[0].Content[0].(*brtypes.ContentBlockMemberText).Value}}},
			&brtypes.ConverseStreamOutputMemberMessageStop{Value: brtypes.MessageStopEvent{StopReason: brtypes.StopReasonEndTurn}},
			&brtypes.ThrottlingException{Message: aws.String("slow")},
		}, nil
	})
	out, err := bedrockruntime.NewFromConfig(cfg).ConverseStream(context.Background(), &bedrockruntime.ConverseStreamInput{
		ModelId:  aws.String("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude:1"),
		Messages: []brtypes.Message{{Role: brtypes.ConversationRoleUser, Content: []brtypes.ContentBlock{&brtypes.ContentBlockMemberText{Value: "hi"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	stream := out.GetStream()
	first, ok := (<-stream.Events()).(*brtypes.ConverseStreamOutputMemberContentBlockDelta)
	if !ok || first.Value.Delta.(*brtypes.ContentBlockDeltaMemberText).Value != "echo hi" {
		t.Errorf("got %+v", first)
	}
	if stop, ok := (<-stream.Events()).(*brtypes.ConverseStreamOutputMemberMessageStop); !ok || stop.Value.StopReason != brtypes.StopReasonEndTurn {
		t.Errorf("got %+v", stop)
	}
	for range stream.Events() {
		t.Error("an event after the end")
	}
	var slow *brtypes.ThrottlingException
	if !errors.As(stream.Err(), &slow) || *slow.Message != "slow" {
		t.Errorf("got %v", stream.Err())
	}
}
