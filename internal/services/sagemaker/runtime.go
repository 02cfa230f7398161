package sagemaker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
)

// Runtime is SageMaker Runtime: it calls the endpoints of a Service.
type Runtime struct{ *Service }

// Runtime gives the service that calls endpoints.
func (s *Service) Runtime() *Runtime { return &Runtime{s} }

// Name is the service's name in the API facts.
func (*Runtime) Name() string { return "sagemaker-runtime" }

// Run does nothing: the Service does.
func (*Runtime) Run(context.Context) {}

// Stack lists nothing: the Service does.
func (*Runtime) Stack() []resource.Type { return nil }

// Ops lists the operations.
func (s *Runtime) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.InvokeEndpoint, wire.On(s.invokeTargets), wire.Data()),
		wire.Op(s.InvokeEndpointAsync, wire.On(s.invokeAsyncTargets), wire.Data()),
		wire.StreamOp(s.InvokeEndpointWithResponseStream, wire.On(s.invokeStreamTargets), wire.Data()),
	}
}

// The contract of an invocation.
const (
	modelTime       = time.Minute     // for the answer
	streamTime      = 8 * time.Minute // for the whole of a streamed one
	maxPart         = 64 << 10        // of a stream, in bytes
	maxModelMessage = 4 << 10         // of an error's text, in bytes
	maxAnswer       = 25 << 20        // in bytes
)

func (s *Runtime) invokeTargets(ctx context.Context, in *sagemakerruntime.InvokeEndpointInput) ([]wire.Target, error) {
	return invokeOn(ctx, in.EndpointName, "InvokeEndpoint")
}

func (s *Runtime) invokeStreamTargets(ctx context.Context, in *sagemakerruntime.InvokeEndpointWithResponseStreamInput) ([]wire.Target, error) {
	return invokeOn(ctx, in.EndpointName, "InvokeEndpointWithResponseStream")
}

func invokeOn(ctx context.Context, name *string, operation string) ([]wire.Target, error) {
	return []wire.Target{{Action: "sagemaker:" + operation, Resource: anEndpoint.of(here(ctx, aws.ToString(name)))}}, nil
}

func refused(format string, args ...any) error {
	return &types.ValidationError{Message: aws.String(fmt.Sprintf(format, args...))}
}

// asked is an invocation, whichever operation it came by.
type asked struct {
	endpoint, variant, model, container *string
	component                           *string
	contentType, accept, custom         *string
	body                                []byte
}

func (a asked) request() hosting.Request {
	h := http.Header{}
	set := func(name string, value *string, other string) {
		if v := aws.ToString(value); v != "" {
			h[name] = []string{v}
		} else if other != "" {
			h[name] = []string{other}
		}
	}
	set("Content-Type", a.contentType, "application/octet-stream")
	set("Accept", a.accept, "*/*")
	set("X-Amzn-Sagemaker-Custom-Attributes", a.custom, "")
	return hosting.Request{Variant: aws.ToString(a.variant), Model: aws.ToString(a.model), Container: aws.ToString(a.container), Header: h, Body: a.body}
}

// call has a model answer, and puts what goes wrong into the service's words. Call measured when the answer was read.
func (s *Runtime) call(ctx context.Context, a asked) (answer hosting.Answer, begun time.Time, err error) {
	k := here(ctx, aws.ToString(a.endpoint))
	e, err := s.servedBy(ctx, k, a)
	if err != nil {
		return answer, begun, err
	}
	begun = time.Now()
	if answer, err = e.Invoke(ctx, a.request()); err != nil {
		s.measured(ctx, k, a.component, answer, begun)
		return answer, begun, s.unanswered(ctx, k, err)
	}
	if answer.Status >= 300 {
		err = s.modelError(k, answer)
		s.measured(ctx, k, a.component, answer, begun)
		_ = answer.Body.Close()
	}
	return answer, begun, err
}

// servedBy finds what serves an invocation: the endpoint, or one of its inference components. Asynchronous endpoints do not.
func (s *Runtime) servedBy(ctx context.Context, k store.Key, a asked) (*hosting.Endpoint, error) {
	set, err := s.served(ctx, k)
	if err != nil {
		return nil, err
	}
	if set != nil && set.async != nil {
		return nil, refused("Endpoint %s of account %s is an async endpoint. Use InvokeEndpointAsync.", k.ID, k.Account)
	}
	if name := aws.ToString(a.component); name != "" || set != nil && set.hosts {
		return s.componentServes(ctx, k, set, name)
	}
	e := s.Fleet.Endpoint(fleetKey(k))
	if e == nil {
		return nil, s.unserved(ctx, k)
	}
	return e, nil
}

// unserved tells why nothing serves: there is no such endpoint, or it isn't ready.
func (s *Runtime) unserved(ctx context.Context, k store.Key) error {
	var e endpoint
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		e, err = s.endpoints.Get(tx, k)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return refused("Endpoint %s of account %s not found.", k.ID, k.Account)
	case err != nil:
		return err
	case e.Current != nil: // the server was started a moment ago
		return wire.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable", "The endpoint "+k.ID+" is starting. Try again.")
	}
	return refused("Endpoint %s of account %s is not in service: its status is %s.", k.ID, k.Account, e.Status)
}

// unanswered puts an error of the fleet into the service's words.
func (s *Runtime) unanswered(ctx context.Context, k store.Key, err error) error {
	var start *hosting.StartError
	var broken *hosting.BrokenError
	switch {
	case errors.Is(err, hosting.ErrNoVariant):
		return refused("Variant not found for request.")
	case errors.Is(err, hosting.ErrNoContainer):
		return refused("TargetContainerHostname is missing, or names no container of the model.")
	case errors.Is(err, hosting.ErrNoModel):
		return refused("Failed to download model data: TargetModel names no model of the endpoint %s, or the endpoint has no models to choose from.", k.ID)
	case errors.Is(err, hosting.ErrGone):
		return refused("Endpoint %s of account %s not found.", k.ID, k.Account)
	case errors.Is(err, hosting.ErrBusy):
		return wire.Errorf(http.StatusTooManyRequests, "ThrottlingException", "Rate exceeded: the endpoint "+k.ID+" has as many requests as it may have.")
	case errors.As(err, &start):
		return modelError(k, http.StatusInternalServerError, start.Reason, fmt.Sprintf("Received server error (500) from primary with message %q. %s", start.Reason, logs(k)))
	case errors.Is(err, context.DeadlineExceeded):
		return modelError(k, 0, "", "Received server error (0) from primary with message \"Your invocation timed out while waiting for a response from container primary. "+
			"Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.\". "+logs(k))
	case errors.As(err, &broken):
		return modelError(k, http.StatusInternalServerError, "", fmt.Sprintf("Received server error (500) from primary with message %q. %s", broken.Error(), logs(k)))
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return wire.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable", "The endpoint "+k.ID+" has no instance that answers.")
}

// modelError is what a model answered that was no success.
func (s *Runtime) modelError(k store.Key, a hosting.Answer) error {
	b, _ := io.ReadAll(io.LimitReader(a.Body, maxModelMessage))
	text, side := string(b), "client"
	if a.Status >= 500 {
		side = "server"
	}
	return modelError(k, a.Status, text, fmt.Sprintf("Received %s error (%d) from primary with message %q. %s", side, a.Status, text, logs(k)))
}

func modelError(k store.Key, status int, original, message string) error {
	return &types.ModelError{Message: &message, OriginalMessage: &original, OriginalStatusCode: aws.Int32(int32(status)),
		LogStreamArn: aws.String("arn:aws:logs:" + k.Region + ":" + k.Account + ":log-group:/aws/sagemaker/Endpoints/" + k.ID)}
}

func logs(k store.Key) string {
	return "See the log group /aws/sagemaker/Endpoints/" + k.ID + " in account " + k.Account + " for more information."
}

// InvokeEndpoint has a model answer.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
func (s *Runtime) InvokeEndpoint(ctx context.Context, in *sagemakerruntime.InvokeEndpointInput) (*sagemakerruntime.InvokeEndpointOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, modelTime)
	defer cancel()
	a, begun, err := s.call(ctx, asked{in.EndpointName, in.TargetVariant, in.TargetModel, in.TargetContainerHostname, in.InferenceComponentName, in.ContentType, in.Accept, in.CustomAttributes, in.Body})
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Body.Close() }()
	k := here(ctx, aws.ToString(in.EndpointName))
	body, err := io.ReadAll(io.LimitReader(a.Body, maxAnswer+1))
	s.measured(ctx, k, in.InferenceComponentName, a, begun)
	switch {
	case err != nil && ctx.Err() == nil:
		return nil, s.unanswered(ctx, k, &hosting.BrokenError{})
	case err != nil:
		return nil, s.unanswered(ctx, k, ctx.Err())
	case len(body) > maxAnswer:
		return nil, modelError(k, a.Status, "", fmt.Sprintf("The answer of the model has more than %d bytes.", maxAnswer))
	}
	out := &sagemakerruntime.InvokeEndpointOutput{Body: body, InvokedProductionVariant: &a.Variant}
	out.ContentType, out.CustomAttributes = header(a, "Content-Type"), header(a, "X-Amzn-Sagemaker-Custom-Attributes")
	s.capture(ctx, k, in, out)
	return out, nil
}

func header(a hosting.Answer, name string) *string {
	if v := a.Header.Get(name); v != "" {
		return &v
	}
	return nil
}

// InvokeEndpointWithResponseStream has a model answer, and gives the answer on as it comes.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
func (s *Runtime) InvokeEndpointWithResponseStream(ctx context.Context, in *sagemakerruntime.InvokeEndpointWithResponseStreamInput) (
	*sagemakerruntime.InvokeEndpointWithResponseStreamOutput, wire.Events[types.ResponseStream], error) {
	ctx, cancel := context.WithTimeout(ctx, streamTime)
	a, begun, err := s.call(ctx, asked{in.EndpointName, in.TargetVariant, nil, in.TargetContainerHostname, in.InferenceComponentName, in.ContentType, in.Accept, in.CustomAttributes, in.Body})
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return &sagemakerruntime.InvokeEndpointWithResponseStreamOutput{ContentType: header(a, "Content-Type"),
			CustomAttributes: header(a, "X-Amzn-Sagemaker-Custom-Attributes"), InvokedProductionVariant: &a.Variant},
		func(send func(types.ResponseStream) error) error {
			defer cancel()
			defer func() { _ = a.Body.Close() }()
			defer s.measured(ctx, here(ctx, aws.ToString(in.EndpointName)), in.InferenceComponentName, a, begun)
			return parts(a.Body, send)
		}, nil
}

// parts sends a body as it comes.
func parts(body io.Reader, send func(types.ResponseStream) error) error {
	part := make([]byte, maxPart)
	for {
		n, err := body.Read(part)
		if n > 0 {
			if err := send(&types.ResponseStreamMemberPayloadPart{Value: types.PayloadPart{Bytes: part[:n]}}); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return &types.ModelStreamError{Message: aws.String("The model's answer broke off."), ErrorCode_: aws.String("StreamBroken")}
		}
	}
}
