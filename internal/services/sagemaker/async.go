package sagemaker

import (
	"context"
	"path"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
)

// invocation is an asynchronous one that was accepted and has not ended. Its row goes when it ends: so it ends once.
type invocation struct {
	Endpoint, ID                string
	Input, Output, Failed       string // S3 URIs
	ContentType, Accept, Custom string `json:",omitempty"`
	Received                    time.Time
	Timeout, Life               time.Duration
}

// Limits of asynchronous invocations.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
const (
	asyncTimeout = 15 * time.Minute
	asyncLife    = 6 * time.Hour
)

// InvokeEndpointAsync accepts an invocation, which is made when an instance has time for it.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
func (s *Runtime) InvokeEndpointAsync(ctx context.Context, in *sagemakerruntime.InvokeEndpointAsyncInput) (*sagemakerruntime.InvokeEndpointAsyncOutput, error) {
	k := here(ctx, aws.ToString(in.EndpointName))
	if in.Body != nil || in.InputLocation == nil {
		return nil, refused("InputLocation must be given: payloads within the request are not supported.")
	}
	if _, key, ok := bucketAndKey(*in.InputLocation); !ok || key == "" {
		return nil, refused("Invalid InputLocation %q: it must be the S3 URI of an object.", *in.InputLocation)
	}
	i := invocation{Endpoint: k.ID, ID: aws.ToString(in.InferenceId), Input: *in.InputLocation, ContentType: aws.ToString(in.ContentType),
		Accept: aws.ToString(in.Accept), Custom: aws.ToString(in.CustomAttributes), Received: s.Clock.Now(), Timeout: asyncTimeout, Life: asyncLife}
	if n := in.InvocationTimeoutSeconds; n != nil {
		i.Timeout = seconds(n)
	}
	if n := in.RequestTTLSeconds; n != nil {
		i.Life = seconds(n)
	}
	name := newID()
	if i.ID == "" {
		i.ID = newID()
	}
	out := &sagemakerruntime.InvokeEndpointAsyncOutput{InferenceId: &i.ID}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.endpoints.Get(tx, k)
		switch {
		case err == store.ErrNotFound:
			return refused("Endpoint %s of account %s not found.", k.ID, k.Account)
		case err != nil:
			return err
		case e.Current == nil || e.Status == types.EndpointStatusDeleting:
			return refused("Endpoint %s of account %s is not in service: its status is %s.", k.ID, k.Account, e.Status)
		case e.Current.Async == nil:
			return refused("Endpoint %s of account %s is not an async endpoint.", k.ID, k.Account)
		}
		to := e.Current.Async.OutputConfig
		base := trimmed(to.S3OutputPath)
		if ext := aws.ToString(in.S3OutputPathExtension); ext != "" {
			base += path.Clean("/" + ext)
		}
		file := name + ".out"
		if in.Filename != nil {
			file = *in.Filename
		}
		if to.S3OutputPath != nil {
			i.Output = base + "/" + file
			out.OutputLocation = &i.Output
		}
		if to.S3FailurePath != nil {
			i.Failed = trimmed(to.S3FailurePath) + "/" + name + "-error.out"
			out.FailureLocation = &i.Failed
		}
		of := k
		of.ID = k.ID + "/" + name
		if err := s.invocations.Insert(tx, of, i); err != nil {
			return err
		}
		return s.send(tx, asyncCourier, fleetKey(k), of, delivery.Parcel{MaxAttempts: -1})
	})
}

func (s *Runtime) invokeAsyncTargets(ctx context.Context, in *sagemakerruntime.InvokeEndpointAsyncInput) ([]wire.Target, error) {
	return invokeOn(ctx, in.EndpointName, "InvokeEndpointAsync")
}
