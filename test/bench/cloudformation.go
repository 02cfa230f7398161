package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// stackOf is a template of n resources in groups of four: a queue, a topic that names it, a parameter that names the topic, and a role.
func stackOf(n int) string {
	var b strings.Builder
	b.WriteString("Resources:\n")
	for i := range n / 4 {
		fmt.Fprintf(&b, "  Q%d: {Type: AWS::SQS::Queue}\n  T%d: {Type: AWS::SNS::Topic, Properties: {DisplayName: !GetAtt Q%d.QueueName}}\n", i, i, i)
		fmt.Fprintf(&b, "  P%d: {Type: AWS::SSM::Parameter, Properties: {Name: p%d, Type: String, Value: !Ref T%d}}\n", i, i, i)
		fmt.Fprintf(&b, "  R%d: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: "+
			"[{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}\n", i)
	}
	return b.String()
}

// stacks measures how long a template of 200 resources takes, against moto.
func stacks(ctx context.Context, o options) (section, error) {
	servers, err := o.start(ctx, shared, moto)
	defer stopAll(servers)
	if err != nil {
		return section{}, err
	}
	const size = 200
	body := stackOf(size)
	created, deleted := map[string][]float64{}, map[string][]float64{}
	for round := range o.rounds {
		for _, s := range servers {
			c := cloudformation.NewFromConfig(aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, HTTPClient: s.client, RetryMaxAttempts: 1,
				Credentials: credentials.NewStaticCredentialsProvider(s.key, s.secret, "")})
			began := time.Now()
			made, err := c.CreateStack(ctx, &cloudformation.CreateStackInput{StackName: aws.String(fmt.Sprintf("bench-%d", round)), TemplateBody: &body,
				Capabilities: []types.Capability{types.CapabilityCapabilityIam}})
			if err == nil {
				err = stackIs(ctx, c, made.StackId, types.StackStatusCreateComplete)
			}
			if err != nil {
				return section{}, fmt.Errorf("%s: %w", s.name, err)
			}
			created[s.name] = append(created[s.name], time.Since(began).Seconds())
			began = time.Now()
			if _, err = c.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: made.StackId}); err == nil {
				err = stackIs(ctx, c, made.StackId, types.StackStatusDeleteComplete)
			}
			if err != nil {
				return section{}, fmt.Errorf("%s: %w", s.name, err)
			}
			deleted[s.name] = append(deleted[s.name], time.Since(began).Seconds())
		}
	}
	var b strings.Builder
	b.WriteString("| Server | create, s | delete, s |\n|---|---:|---:|\n")
	for _, s := range servers {
		for _, list := range [][]float64{created[s.name], deleted[s.name]} {
			slices.Sort(list)
		}
		fmt.Fprintf(&b, "| %s | %.2f | %.2f |\n", s.name, created[s.name][len(created[s.name])/2], deleted[s.name][len(deleted[s.name])/2])
	}
	return section{"Stacks", b.String() + fmt.Sprintf("\nA template of %d resources (queues, topics, parameters and roles that name each other), from the request to the end; medians of %d.\n"+
		"Aim: under 10 s. Each step of each resource, with its events, is on disk here; moto keeps all in memory.\n", size, o.rounds)}, ctx.Err()
}

// stackIs waits until a stack is in a status.
func stackIs(ctx context.Context, c *cloudformation.Client, id *string, want types.StackStatus) error {
	for {
		out, err := c.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: id})
		if err != nil {
			return err
		}
		switch st := out.Stacks[0]; {
		case st.StackStatus == want:
			return nil
		case !strings.HasSuffix(string(st.StackStatus), "IN_PROGRESS"):
			return errors.New(string(st.StackStatus) + " " + aws.ToString(st.StackStatusReason))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}
