package payload

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The versions of the format.
const (
	V1 = "1.0"
	V2 = "2.0"
)

// Request is a request to an API with what is known of it.
type Request struct {
	Account, API, Stage string
	RouteKey            string
	RoutePath           string // of the route key, "$default" of the default route
	ID                  string
	Domain              string // host without port
	Method              string
	Path                string // as it was sent, with the stage
	Inner               string // the path within the stage
	RawQuery            string
	Protocol            string
	SourceIP, UserAgent string
	Time                time.Time
	Header              http.Header // Host among them
	PathParameters      map[string]string
	StageVariables      map[string]string
	Body                []byte
	Authorizer          *Authorizer // nil: the route asks for none
}

// Authorizer is what the route's authorizer found out; one of them is set.
type Authorizer struct {
	JWT       *JWT
	IAM       *IAM
	Lambda    map[string]any // the authorizer's context
	Principal string         // that a Lambda authorizer names
}

// JWT is a token's content.
type JWT struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"`
}

// IAM is who signed.
type IAM struct {
	AccessKey string  `json:"accessKey"`
	AccountID string  `json:"accountId"`
	CallerID  string  `json:"callerId"`
	Cognito   *string `json:"cognitoIdentity"`
	Org       *string `json:"principalOrgId"`
	UserARN   string  `json:"userArn"`
	UserID    string  `json:"userId"`
}

// RouteARN is what execute-api:Invoke is asked for.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigateway.html
func (r *Request) RouteARN(region string) string {
	return "arn:aws:execute-api:" + region + ":" + r.Account + ":" + r.API + "/" + r.Stage + "/" + r.Method + r.Inner
}

const clfTime = "02/Jan/2006:15:04:05 -0700"

// CLF is the request's time as logs have it.
func (r *Request) CLF() string { return r.Time.UTC().Format(clfTime) }

// DomainPrefix is the first label of the domain.
func (r *Request) DomainPrefix() string {
	prefix, _, _ := strings.Cut(r.Domain, ".")
	return prefix
}

// Query are the parameters of the query. Those that cannot be read are left out.
func (r *Request) Query() url.Values {
	v, _ := url.ParseQuery(r.RawQuery)
	return v
}

// body gives the body as an event has it.
func (r *Request) body() (text string, encoded bool) {
	if len(r.Body) == 0 {
		return "", false
	}
	if IsText(r.Header.Get("Content-Type")) && utf8.Valid(r.Body) {
		return string(r.Body), false
	}
	return base64.StdEncoding.EncodeToString(r.Body), true
}

// IsText tells the types of content that events carry as they are; others are encoded in base64.
func IsText(contentType string) bool {
	if contentType == "" {
		return true
	}
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		t, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	}
	return strings.HasPrefix(t, "text/") || strings.HasSuffix(t, "+json") || strings.HasSuffix(t, "+xml") ||
		slices.Contains([]string{"application/json", "application/xml", "application/javascript"}, t)
}

// joined are headers in small letters, many values joined by commas, without cookies.
func (r *Request) joined() map[string]string {
	out := make(map[string]string, len(r.Header))
	for name, v := range r.Header {
		if name != "Cookie" {
			out[strings.ToLower(name)] = strings.Join(v, ",")
		}
	}
	return out
}

// cookies are those of all cookie headers.
func (r *Request) cookies() (out []string) {
	for _, line := range r.Header["Cookie"] {
		for c := range strings.SplitSeq(line, ";") {
			if c = strings.TrimSpace(c); c != "" {
				out = append(out, c)
			}
		}
	}
	return out
}

// last gives each name's last value.
func last(many map[string][]string) map[string]string {
	if len(many) == 0 {
		return nil
	}
	out := make(map[string]string, len(many))
	for name, v := range many {
		if len(v) > 0 {
			out[name] = v[len(v)-1]
		}
	}
	return out
}
