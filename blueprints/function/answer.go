package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// told is an error that a client is told as it is.
type told struct {
	status  int
	message string
}

func (t told) Error() string { return t.message }

func wrong(format string, args ...any) error {
	return told{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}
func missing(format string, args ...any) error {
	return told{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// answer is a JSON answer of the API.
func answer(status int, v any) (events.APIGatewayV2HTTPResponse, error) {
	b, err := json.Marshal(v)
	return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(b)}, err
}

// raw is an answer with somebody else's body.
func raw(contentType string, body []byte) events.APIGatewayV2HTTPResponse {
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	r := events.APIGatewayV2HTTPResponse{StatusCode: http.StatusOK, Headers: map[string]string{"Content-Type": contentType}, Body: string(body)}
	if !utf8.Valid(body) {
		r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return r
}

// failed is the answer that an error makes: a client's mistake is told, a service's refusal with its own status; the rest is Lambda's to
// report, and counts as an error of the function.
func failed(err error) (any, error) {
	var t told
	if errors.As(err, &t) {
		return answer(t.status, map[string]string{"message": t.message})
	}
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		return nil, err
	}
	status := response.HTTPStatusCode()
	switch {
	case status == http.StatusFailedDependency: // the model answered with an error: what is the client's mistake stays one
		status = http.StatusBadGateway
		var model *types.ModelError
		if errors.As(err, &model) && model.OriginalStatusCode != nil && *model.OriginalStatusCode/100 == 4 {
			status = int(*model.OriginalStatusCode)
		}
	case status == http.StatusForbidden, status >= 500, status == http.StatusNotFound:
		return nil, err
	}
	return answer(status, map[string]string{"message": api.ErrorMessage(), "code": api.ErrorCode()})
}

// body is what a client sent.
func body(in events.APIGatewayV2HTTPRequest) ([]byte, error) {
	if !in.IsBase64Encoded {
		return []byte(in.Body), nil
	}
	b, err := base64.StdEncoding.DecodeString(in.Body)
	if err != nil {
		return nil, wrong("the body is not what it says to be: %v", err)
	}
	return b, nil
}

// read reads a request's JSON.
func read(in events.APIGatewayV2HTTPRequest, into any) error {
	b, err := body(in)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return wrong("the body is no JSON object of the form that is wanted: %v", err)
	}
	return nil
}
