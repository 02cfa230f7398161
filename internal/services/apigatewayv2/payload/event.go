package payload

import (
	"encoding/json"
	"strings"
)

type event2 struct {
	Version               string            `json:"version"`
	Type                  string            `json:"type,omitempty"` // of authorizers, as the next two
	RouteARN              string            `json:"routeArn,omitempty"`
	IdentitySource        []string          `json:"identitySource,omitempty"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        context2          `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	IsBase64Encoded       *bool             `json:"isBase64Encoded,omitempty"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
}

type context2 struct {
	AccountID    string       `json:"accountId"`
	APIID        string       `json:"apiId"`
	Authorizer   *authorizer2 `json:"authorizer,omitempty"`
	DomainName   string       `json:"domainName"`
	DomainPrefix string       `json:"domainPrefix"`
	HTTP         http2        `json:"http"`
	RequestID    string       `json:"requestId"`
	RouteKey     string       `json:"routeKey"`
	Stage        string       `json:"stage"`
	Time         string       `json:"time"`
	TimeEpoch    int64        `json:"timeEpoch"`
}

type http2 struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type authorizer2 struct {
	JWT    *JWT           `json:"jwt,omitempty"`
	IAM    *IAM           `json:"iam,omitempty"`
	Lambda map[string]any `json:"lambda,omitempty"`
}

func (r *Request) event2() event2 {
	e := event2{Version: V2, RouteKey: r.RouteKey, RawPath: r.Path, RawQueryString: r.RawQuery, Cookies: r.cookies(), Headers: r.joined(),
		PathParameters: r.PathParameters, StageVariables: r.StageVariables,
		RequestContext: context2{AccountID: r.Account, APIID: r.API, DomainName: r.Domain, DomainPrefix: r.DomainPrefix(),
			HTTP:      http2{r.Method, r.Path, r.Protocol, r.SourceIP, r.UserAgent},
			RequestID: r.ID, RouteKey: r.RouteKey, Stage: r.Stage, Time: r.CLF(), TimeEpoch: r.Time.UnixMilli()}}
	if r.RawQuery != "" {
		q := r.Query()
		e.QueryStringParameters = make(map[string]string, len(q))
		for name, v := range q {
			e.QueryStringParameters[name] = strings.Join(v, ",")
		}
	}
	if a := r.Authorizer; a != nil {
		e.RequestContext.Authorizer = &authorizer2{a.JWT, a.IAM, a.Lambda}
	}
	return e
}

// Event is what an integration's function is called with.
func (r *Request) Event(version string) ([]byte, error) {
	if version == V2 {
		e := r.event2()
		encoded := false
		e.Body, encoded = r.body()
		e.IsBase64Encoded = &encoded
		return json.Marshal(e)
	}
	e := r.event1()
	text, encoded := r.body()
	if len(r.Body) > 0 {
		e.Body = &text
	}
	return json.Marshal(integration1{event1: e, Body: e.Body, IsBase64Encoded: encoded})
}

// AuthorizerEvent is what an authorizer's function is called with. arn is the route's, identity what the sources of identity hold.
func (r *Request) AuthorizerEvent(version, arn string, identity []string) ([]byte, error) {
	if version == V2 {
		e := r.event2()
		e.Type, e.RouteARN, e.IdentitySource = "REQUEST", arn, identity
		return json.Marshal(e)
	}
	token := strings.Join(identity, ",")
	return json.Marshal(authorization1{Type: "REQUEST", MethodARN: arn, IdentitySource: token, AuthorizationToken: token, event1: r.event1()})
}
