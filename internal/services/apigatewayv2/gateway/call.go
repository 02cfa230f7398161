package gateway

import (
	"errors"
	"net/http"
	"time"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// call calls the route's integration and answers.
func (x *exchange) call() {
	i := x.route.integration
	if i == nil {
		x.integration.failure = "No integration is configured for the route, or it cannot be called"
		x.fail(http.StatusInternalServerError)
		return
	}
	x.integration.called = true
	start := time.Now()
	var out payload.Response
	var status int // of what the client is told instead of an answer
	switch {
	case i.service != nil:
		out, status = x.callService(i)
	case i.function != "":
		out, status = x.callFunction(i)
	default:
		out, status = x.callURL(i)
	}
	x.integration.latency = time.Since(start)
	if status != 0 {
		x.fail(status)
		return
	}
	x.integration.status = out.Status
	x.give(out)
}

// failed notes why an integration failed, and gives what the client is told.
func (x *exchange) failed(why string, busy bool) int {
	x.integration.failure = why
	if busy {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func (x *exchange) callFunction(i *integration) (payload.Response, int) {
	in := x.in
	if len(i.request) > 0 {
		to := mapped(i.request, in.Header, in.RawQuery, source{x, nil})
		in.Header, in.RawQuery = to.header, to.rawQuery
		if to.path != "" {
			in.Path = to.path
		}
	}
	event, err := in.Event(i.version)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	out := x.invoke(i.function, x.sourceARN(), i.role, event, i.timeout)
	x.integration.serviceStatus, x.integration.request = out.status, out.request
	if out.failure != "" {
		return payload.Response{}, x.failed(out.failure, out.busy)
	}
	answer, err := payload.Read(i.version, out.payload)
	if err == nil && len(answer.Body) > maxPayload {
		err = errors.New("The response from the Lambda function is too large.")
	}
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	return answer, 0
}

// sourceARN is what functions' policies see of a route: its path as it was written, not as it was called.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (x *exchange) sourceARN() string {
	a := x.stage.api
	arn := "arn:aws:execute-api:" + a.region + ":" + a.account + ":" + a.id + "/" + x.stage.name + "/"
	if x.route.key.Text == routing.Default {
		return arn + routing.Default
	}
	method := x.r.Method
	if x.route.key.Method == routing.Any && !Method(method) {
		method = routing.Any // clients may say anything, and each ARN costs a client
	}
	return arn + method + x.route.key.Path
}

// requestID is the id that the service gave to a call.
func requestID(a *lambda.InvokeOutput) (string, bool) {
	return awsmiddleware.GetRequestIDMetadata(a.ResultMetadata)
}
