package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
)

// source is what expressions stand for in a request, and in the integration's answer when there is one.
type source struct {
	x   *exchange
	out *payload.Response
}

// Value gives a variable.
func (s source) Value(v expression.Variable) (string, bool) {
	switch v.Root {
	case "stageVariables":
		return stageSource(s.x.stage.variables).Value(v)
	case "context":
		return s.x.context(strings.Join(v.Path, "."))
	case "request":
		return s.x.request(v.Path)
	}
	if s.out == nil || len(v.Path) == 0 {
		return "", false
	}
	switch v.Path[0] {
	case "header":
		return header(s.out.Header, v.Path[1:])
	case "body":
		return expression.Within(s.out.Body, v.Path[1:])
	}
	return "", false
}

func header(h http.Header, path []string) (string, bool) {
	if len(path) != 1 {
		return "", false
	}
	values := h.Values(path[0])
	return strings.Join(values, ","), len(values) > 0
}

func (x *exchange) request(path []string) (string, bool) {
	switch rest := path[1:]; path[0] {
	case "header":
		return header(x.in.Header, rest)
	case "querystring":
		if len(rest) != 1 {
			return "", false
		}
		values, ok := x.in.Query()[rest[0]]
		return strings.Join(values, ","), ok
	case "path":
		if len(rest) == 0 {
			return x.in.Inner, true
		}
		value, ok := x.in.PathParameters[rest[0]]
		return value, ok && len(rest) == 1
	case "body":
		return expression.Within(x.in.Body, rest)
	case "method":
		return x.in.Method, len(rest) == 0
	}
	return "", false
}

// context gives a variable of the context. Those of an answer are there once it is given.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
func (x *exchange) context(name string) (string, bool) {
	given := func(s string) (string, bool) { return s, s != "" }
	r := &x.in
	switch name {
	case "accountId":
		return given(r.Account)
	case "apiId":
		return given(r.API)
	case "stage":
		return given(r.Stage)
	case "domainName":
		return given(r.Domain)
	case "domainPrefix":
		return given(r.DomainPrefix())
	case "requestId", "extendedRequestId":
		return given(r.ID)
	case "requestTime":
		return r.CLF(), true
	case "requestTimeEpoch":
		return strconv.FormatInt(r.Time.UnixMilli(), 10), true
	case "httpMethod", "http.method":
		return given(r.Method)
	case "path", "http.path":
		return given(r.Path)
	case "protocol", "http.protocol":
		return given(r.Protocol)
	case "routeKey":
		return given(r.RouteKey)
	case "identity.sourceIp", "http.sourceIp":
		return given(r.SourceIP)
	case "identity.userAgent", "http.userAgent":
		return given(r.UserAgent)
	}
	if rest, ok := strings.CutPrefix(name, "authorizer."); ok {
		return x.authorizer(rest)
	}
	if a := r.Authorizer; a != nil && a.IAM != nil {
		switch name {
		case "identity.accountId":
			return given(a.IAM.AccountID)
		case "identity.caller":
			return given(a.IAM.CallerID)
		case "identity.user":
			return given(a.IAM.UserID)
		case "identity.userArn":
			return given(a.IAM.UserARN)
		}
	}
	return x.outcome(name)
}

func (x *exchange) authorizer(name string) (string, bool) {
	if name == "error" {
		return x.refusal, x.refusal != ""
	}
	a := x.in.Authorizer
	if a == nil {
		return "", false
	}
	if claim, ok := strings.CutPrefix(name, "claims."); ok && a.JWT != nil {
		value, has := a.JWT.Claims[claim]
		return value, has
	}
	if name == "principalId" {
		return a.Principal, a.Principal != ""
	}
	switch v := a.Lambda[name].(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case bool, float64:
		return fmt.Sprint(v), true
	}
	return "", false
}

// outcome gives what is known once a request is answered.
func (x *exchange) outcome(name string) (string, bool) {
	i := &x.integration
	switch name {
	case "status":
		return strconv.Itoa(x.status), x.status > 0
	case "responseLength":
		return strconv.Itoa(x.written), true
	case "dataProcessed":
		return strconv.Itoa(x.written + len(x.in.Body)), true
	case "error.message":
		return x.failure, x.failure != ""
	case "error.messageString":
		return strconv.Quote(x.failure), x.failure != ""
	case "error.responseType":
		return responseType(x.status), x.failure != ""
	case "integrationErrorMessage", "integration.error":
		return i.failure, i.failure != ""
	}
	if !i.called {
		return "", false
	}
	switch name {
	case "integrationLatency", "integration.latency":
		return strconv.FormatInt(i.latency.Milliseconds(), 10), true
	case "integrationStatus", "integration.integrationStatus":
		return strconv.Itoa(i.serviceStatus), i.serviceStatus > 0
	case "integration.status":
		return strconv.Itoa(i.status), i.status > 0
	case "awsEndpointRequestId", "integration.requestId":
		return i.request, i.request != ""
	}
	return "", false
}

func responseType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHORIZED"
	case http.StatusForbidden:
		return "ACCESS_DENIED"
	case http.StatusTooManyRequests:
		return "THROTTLED"
	case http.StatusRequestEntityTooLarge:
		return "REQUEST_TOO_LARGE"
	case http.StatusNotFound:
		return "NOT_FOUND"
	}
	if status >= 500 {
		return "DEFAULT_5XX"
	}
	return "DEFAULT_4XX"
}
