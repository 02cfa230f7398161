package bedrockproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer is the most of an answer of the model's, in bytes.
const maxAnswer = 64 << 20

// fault is why a record has no answer, for whoever sent it.
type fault struct {
	Status  int    `json:"-"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is the message.
func (f *fault) Error() string { return f.Message }

// faultOf tells an error. What is none of Bedrock's own is told without its cause: that is for the log.
func faultOf(err error) *fault {
	var f *fault
	var wrong refusal
	var api smithy.APIError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &wrong):
		return &fault{Status: http.StatusBadRequest, Code: "ValidationException", Message: string(wrong)}
	case errors.As(err, &api):
		f = &fault{Status: http.StatusBadGateway, Code: api.ErrorCode(), Message: api.ErrorMessage()}
		var answer *smithyhttp.ResponseError
		if errors.As(err, &answer) && answer.HTTPStatusCode() >= 400 {
			f.Status = answer.HTTPStatusCode()
		}
		return f
	}
	return &fault{Status: http.StatusBadGateway, Code: "ModelUnreachable", Message: "Bedrock could not be asked."}
}

// answer is what the model said: its document, and the text within when Converse was asked.
type answer struct {
	document json.RawMessage
	text     string
	reason   string
	usage    json.RawMessage
}

// ask calls the model once. The SDK signs, retries and finds credentials and address; bodies go through it as they are, so that nothing
// of them is lost that this version of it doesn't know.
func (s *server) ask(ctx context.Context, q question) (answer, error) {
	raw := encode(q.body)
	if s.Native {
		out, err := s.client.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{ModelId: &s.Model, Body: raw, GuardrailIdentifier: optional(s.Guardrail),
			GuardrailVersion: optional(s.GuardrailVersion), ContentType: aws.String("application/json"), Accept: aws.String("application/json")})
		if err != nil {
			return answer{}, err
		}
		return answer{document: out.Body}, nil
	}
	var got []byte
	_, err := s.client.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: &s.Model}, bedrockruntime.WithAPIOptions(send(raw), keep(func(body io.ReadCloser) (io.ReadCloser, error) {
		defer func() { _ = body.Close() }()
		b, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
		if err == nil && len(b) > maxAnswer {
			err = fmt.Errorf("the answer has more than %d bytes", maxAnswer)
		}
		got = b
		return io.NopCloser(bytes.NewReader(b)), err
	})))
	if err != nil {
		return answer{}, err
	}
	var said struct {
		Output struct {
			Message struct{ Content []struct{ Text string } }
		}
		StopReason string
		Usage      json.RawMessage
	}
	if err := json.Unmarshal(got, &said); err != nil {
		return answer{}, fmt.Errorf("cannot read the answer: %w", err)
	}
	a := answer{document: bytes.TrimSpace(got), reason: said.StopReason, usage: said.Usage}
	for _, c := range said.Output.Message.Content {
		a.text += c.Text
	}
	return a, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// send puts a body in the place of what the SDK wrote.
func send(body []byte) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Build.Add(middleware.BuildMiddlewareFunc("body", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (
			middleware.BuildOutput, middleware.Metadata, error) {
			q, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return middleware.BuildOutput{}, middleware.Metadata{}, fmt.Errorf("cannot send %T", in.Request)
			}
			q, err := q.SetStream(bytes.NewReader(body))
			if err != nil {
				return middleware.BuildOutput{}, middleware.Metadata{}, err
			}
			q.Header.Set("Content-Type", "application/json")
			in.Request = q
			return next.HandleBuild(ctx, in)
		}), middleware.Before)
	}
}

// keep shows the body of an answer to f before the SDK reads it, which gets what f leaves of it.
func keep(f func(io.ReadCloser) (io.ReadCloser, error)) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("keep", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
			out middleware.DeserializeOutput, m middleware.Metadata, err error) {
			out, m, err = next.HandleDeserialize(ctx, in)
			if a, ok := out.RawResponse.(*smithyhttp.Response); ok && err == nil && a.StatusCode == http.StatusOK {
				a.Body, err = f(a.Body)
			}
			return out, m, err
		}), middleware.After)
	}
}
