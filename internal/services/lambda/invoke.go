package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	// maxEvent is how large an event is that is answered, and maxLater one that runs later.
	// Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxEvent = 6291456
	maxLater = 1048576
)

func checkEvent(payload []byte, limit int) error {
	if len(payload) > limit {
		return &types.RequestTooLargeException{Type: user, Message: aws.String(fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", limit))}
	}
	if len(payload) > 0 && !json.Valid(payload) {
		return &types.InvalidRequestContentException{Type: user, Message: aws.String("Could not parse request body into json: it is not valid JSON.")}
	}
	return nil
}

// clientContext reads what a client tells of itself.
func clientContext(encoded *string) (string, error) {
	if aws.ToString(encoded) == "" {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(*encoded)
	if err != nil || !json.Valid(b) || b[0] != '{' {
		return "", &types.InvalidRequestContentException{Type: user, Message: aws.String("Client context must be a valid Base64-encoded JSON object.")}
	}
	return string(b), nil
}

// Invoke runs a function: and waits for its answer, or later, or looks only whether it might.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (s *Service) Invoke(ctx context.Context, in *lambda.InvokeInput) (*lambda.InvokeOutput, error) {
	r, err := named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := refuse(in.DurableExecutionName != nil, "DurableExecutionName"); err != nil {
		return nil, err
	}
	limit := maxEvent
	if in.InvocationType == types.InvocationTypeEvent {
		limit = maxLater
	}
	if err := checkEvent(in.Payload, limit); err != nil {
		return nil, err
	}
	about, err := clientContext(in.ClientContext)
	if err != nil {
		return nil, err
	}
	call := sandbox.Invocation{RequestID: wire.CallOf(ctx).RequestID, Payload: in.Payload, ClientContext: about}
	switch in.InvocationType {
	case types.InvocationTypeDryRun:
		if _, _, _, err := s.configured(ctx, in.FunctionName, in.Qualifier); err != nil {
			return nil, err
		}
		return &lambda.InvokeOutput{StatusCode: http.StatusNoContent}, nil
	case types.InvocationTypeEvent:
		if err := s.later(ctx, r, call); err != nil {
			return nil, err
		}
		return &lambda.InvokeOutput{StatusCode: http.StatusAccepted}, nil
	}
	g, err := s.begin(ctx, r)
	if err != nil {
		return nil, err
	}
	result, err := s.run(ctx, g, call, nil)
	if err != nil {
		return nil, err
	}
	out := &lambda.InvokeOutput{StatusCode: http.StatusOK, ExecutedVersion: g.version.Version, Payload: result.Payload, FunctionError: optional(result.FunctionError)}
	if in.LogType == types.LogTypeTail {
		out.LogResult = aws.String(base64.StdEncoding.EncodeToString(result.LogTail))
	}
	return out, nil
}

// invokeTargets asks for InvokeFunction, as which all ways to invoke are allowed.
func (s *Service) invokeTargets(ctx context.Context, in *lambda.InvokeInput) ([]wire.Target, error) {
	return s.onInvoke(ctx, in.FunctionName, in.Qualifier)
}

func (s *Service) onInvoke(ctx context.Context, name, qualifier *string) ([]wire.Target, error) {
	list, err := s.on(ctx, name, qualifier)
	for i := range list {
		list[i].Action = "lambda:InvokeFunction"
	}
	return list, err
}

// InvokeAsync runs a function later. It is what clients of long ago call.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html
func (s *Service) InvokeAsync(ctx context.Context, in *lambda.InvokeAsyncInput) (*lambda.InvokeAsyncOutput, error) {
	r, err := named(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	payload, err := io.ReadAll(io.LimitReader(in.InvokeArgs, maxLater+1))
	if err != nil {
		return nil, err
	}
	if err := checkEvent(payload, maxLater); err != nil {
		return nil, err
	}
	if err := s.later(ctx, r, sandbox.Invocation{RequestID: wire.CallOf(ctx).RequestID, Payload: payload}); err != nil {
		return nil, err
	}
	return &lambda.InvokeAsyncOutput{Status: http.StatusAccepted}, nil
}

func (s *Service) invokeAsyncTargets(ctx context.Context, in *lambda.InvokeAsyncInput) ([]wire.Target, error) {
	return s.onInvoke(ctx, in.FunctionName, nil)
}

// InvokeWithResponseStream runs a function and hands on its answer while it is made.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
func (s *Service) InvokeWithResponseStream(ctx context.Context, in *lambda.InvokeWithResponseStreamInput) (*lambda.InvokeWithResponseStreamOutput, wire.Events[types.InvokeWithResponseStreamResponseEvent], error) {
	r, err := named(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, nil, err
	}
	if err := checkEvent(in.Payload, maxEvent); err != nil {
		return nil, nil, err
	}
	about, err := clientContext(in.ClientContext)
	if err != nil {
		return nil, nil, err
	}
	if in.InvocationType == types.ResponseStreamingInvocationTypeDryRun {
		_, _, _, err := s.configured(ctx, in.FunctionName, in.Qualifier)
		return &lambda.InvokeWithResponseStreamOutput{StatusCode: http.StatusNoContent}, func(func(types.InvokeWithResponseStreamResponseEvent) error) error { return nil }, err
	}
	g, err := s.begin(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	call := sandbox.Invocation{RequestID: wire.CallOf(ctx).RequestID, Payload: in.Payload, ClientContext: about}
	out := &lambda.InvokeWithResponseStreamOutput{StatusCode: http.StatusOK, ExecutedVersion: g.version.Version,
		ResponseStreamContentType: aws.String("application/octet-stream")}
	return out, func(send func(types.InvokeWithResponseStreamResponseEvent) error) error {
		result, err := s.run(ctx, g, call, &chunks{send})
		if err != nil {
			return err
		}
		end := types.InvokeWithResponseStreamCompleteEvent{}
		if result.FunctionError != "" {
			end.ErrorCode, end.ErrorDetails = &result.FunctionError, aws.String(string(result.Payload))
		} else if len(result.Payload) > 0 {
			_, _ = (&chunks{send}).Write(result.Payload) // the caller may be gone
		}
		if in.LogType == types.LogTypeTail {
			end.LogResult = aws.String(base64.StdEncoding.EncodeToString(result.LogTail))
		}
		return send(&types.InvokeWithResponseStreamResponseEventMemberInvokeComplete{Value: end})
	}, nil
}

func (s *Service) invokeStreamTargets(ctx context.Context, in *lambda.InvokeWithResponseStreamInput) ([]wire.Target, error) {
	return s.onInvoke(ctx, in.FunctionName, in.Qualifier)
}

// chunks sends an answer as events.
type chunks struct {
	send func(types.InvokeWithResponseStreamResponseEvent) error
}

// Start has nothing to do: that the answer begins was told.
func (c *chunks) Start(string) {}

// Write sends a part.
func (c *chunks) Write(p []byte) (int, error) {
	return len(p), c.send(&types.InvokeWithResponseStreamResponseEventMemberPayloadChunk{Value: types.InvokeResponseStreamUpdate{Payload: bytes.Clone(p)}})
}
