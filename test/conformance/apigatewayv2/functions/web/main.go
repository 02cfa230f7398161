// Command web is a function behind an HTTP API: an integration in either format, and an authorizer.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

// handle tells what it was asked, in the format that it was asked in.
func handle(_ context.Context, event json.RawMessage) (any, error) {
	var kind struct{ Version, Type string }
	if err := json.Unmarshal(event, &kind); err != nil {
		return nil, err
	}
	switch {
	case kind.Type == "REQUEST":
		var in events.APIGatewayV2CustomAuthorizerV2Request
		if err := json.Unmarshal(event, &in); err != nil {
			return nil, err
		}
		return events.APIGatewayV2CustomAuthorizerSimpleResponse{IsAuthorized: in.Headers["x-key"] == "open", Context: map[string]any{"who": "web"}}, nil
	case kind.Version == "1.0":
		var in events.APIGatewayProxyRequest
		if err := json.Unmarshal(event, &in); err != nil {
			return nil, err
		}
		return events.APIGatewayProxyResponse{StatusCode: 201, MultiValueHeaders: map[string][]string{"X-Many": {"1", "2"}},
			Body: fmt.Sprint(in.Resource, " ", in.HTTPMethod, " ", in.PathParameters, " ", in.MultiValueQueryStringParameters, " ", in.Body)}, nil
	}
	var in events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(event, &in); err != nil {
		return nil, err
	}
	if in.RawPath == "/fail" {
		return nil, fmt.Errorf("on purpose")
	}
	out := map[string]any{"route": in.RouteKey, "parameters": in.PathParameters, "query": in.QueryStringParameters, "cookies": in.Cookies, "body": in.Body,
		"encoded": in.IsBase64Encoded, "authorizer": in.RequestContext.Authorizer}
	b, err := json.Marshal(out)
	return events.APIGatewayV2HTTPResponse{StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json"}, Cookies: []string{"a=1", "b=2"}, Body: string(b)}, err
}

func main() { lambda.Start(handle) }
