package cloudformation

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// customPatience is how long a custom resource may take when its template does not say.
const customPatience = time.Hour

// maxPatience is how long any may take.
const maxPatience = 12 * time.Hour

// customAnswer is what a custom resource's provider puts to the request's address.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
type customAnswer struct {
	Status, Reason, PhysicalResourceId string
	NoEcho                             bool
	Data                               map[string]any
}

// custom is AWS::CloudFormation::CustomResource, and Custom::Anything: a function, or who listens to a topic, does what is to be done.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
func (s *Service) custom() resource.Type {
	return resource.Type{Name: customType,
		Create: func(ctx context.Context, r resource.Request) (resource.State, error) {
			return resource.State{ID: r.Name}, s.askProvider(ctx, r, "Create", nil)
		},
		Update: func(ctx context.Context, r resource.Request) (resource.State, error) {
			return resource.State{ID: r.ID}, s.askProvider(ctx, r, "Update", r.Old)
		},
		Delete: func(ctx context.Context, r resource.Request) error { return s.askProvider(ctx, r, "Delete", nil) },
		Ready: func(ctx context.Context, r resource.Request) (resource.State, bool, error) {
			a, err := s.answered(ctx, r)
			if a == nil {
				return resource.State{}, false, err
			}
			state := resource.State{ID: a.PhysicalResourceId, Attributes: flattened(a.Data)}
			if err != nil {
				return state, false, err
			}
			if a.PhysicalResourceId == "" && r.ID == r.Name && r.Old == nil {
				return state, false, said("Invalid PhysicalResourceId")
			}
			return state, true, nil
		},
		Gone: func(ctx context.Context, r resource.Request) (bool, error) {
			a, err := s.answered(ctx, r)
			return a != nil && err == nil, err
		}}
}

// answered is what the provider answered; nil when it has not.
func (s *Service) answered(ctx context.Context, r resource.Request) (*customAnswer, error) {
	k, _, _ := stackOfARN(r.StackID)
	h, err := s.handled(ctx, k, r.Token)
	if err != nil {
		return nil, err
	}
	patience := customPatience
	if n, err := strconv.Atoi(r.Text("ServiceTimeout")); err == nil {
		patience = time.Duration(n) * time.Second
	}
	switch {
	case h == nil:
		return nil, errors.New("the request to the provider is lost")
	case h.Answer == nil && s.Clock.Now().After(h.Created.Add(patience)):
		return nil, said("CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [%s].", r.Token)
	case h.Answer == nil:
		return nil, nil
	}
	var a customAnswer
	if err := json.Unmarshal(h.Answer, &a); err != nil {
		return &a, errors.New("the answer of the custom resource is not of the expected form")
	}
	if a.Status != "SUCCESS" {
		if a.Reason == "" {
			a.Reason = "Failed"
		}
		return &a, said("Received response status [%s] from custom resource. Message returned: %s (RequestId: %s)", a.Status, a.Reason, r.Token)
	}
	return &a, nil
}

// askProvider sends a request to the provider. A request that is repeated has the same address for the answer.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requests.html
func (s *Service) askProvider(ctx context.Context, r resource.Request, kind string, old map[string]any) error {
	to, err := arn.Parse(r.Text("ServiceToken"))
	if err != nil || to.Service != "lambda" && to.Service != "sns" {
		return said("Invalid ServiceToken: %s", r.Text("ServiceToken"))
	}
	k, _, _ := stackOfARN(r.StackID)
	id, _, err := s.handleFor(ctx, k, r.Token, false)
	if err != nil {
		return err
	}
	base := *r.Config.BaseEndpoint
	if to.Service == "lambda" {
		base = s.Inward // functions reach us where AWS is for them
	}
	request := map[string]any{"RequestType": kind, "RequestId": r.Token, "ResponseURL": base + "/_atelier/" + site + "/" + id, "StackId": r.StackID,
		"LogicalResourceId": r.LogicalID, "ResourceType": s.typeNamed(ctx, r), "ServiceToken": to.String(), "ResourceProperties": worded(r.Properties)}
	if kind != "Create" {
		request["PhysicalResourceId"] = r.ID
	}
	if old != nil {
		request["OldResourceProperties"] = worded(old)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	config := r.Config.Copy()
	config.Region = to.Region
	if to.Service == "sns" {
		_, err = sns.NewFromConfig(config).Publish(ctx, &sns.PublishInput{TopicArn: aws.String(to.String()), Message: aws.String(string(body)),
			Subject: aws.String("AWS CloudFormation custom resource request")})
		return err
	}
	_, err = lambda.NewFromConfig(config).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(to.String()), InvocationType: lambdatypes.InvocationTypeEvent, Payload: body})
	return err
}

// worded are properties as providers get them: numbers and bools are strings.
func worded(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = worded(e)
		}
		return out
	case values:
		return worded(map[string]any(v))
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = worded(e)
		}
		return out
	}
	return resource.Text(v)
}

// flattened gives attributes the names that Fn::GetAtt has for what lies deeper.
func flattened(data map[string]any) map[string]any {
	out := map[string]any{}
	var put func(prefix string, v any)
	put = func(prefix string, v any) {
		out[prefix] = v
		if m, ok := v.(map[string]any); ok {
			for k, e := range m {
				put(prefix+"."+k, e)
			}
		}
	}
	for k, v := range data {
		put(k, v)
	}
	return out
}
