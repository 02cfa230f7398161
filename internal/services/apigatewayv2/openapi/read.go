package openapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// How an API's routes begin when the document's server has a path.
const (
	Ignore  = "ignore"
	Prepend = "prepend"
	Split   = "split"
)

var methods = []string{"get", "head", "post", "put", "patch", "delete", "options"}

// reader reads one document.
type reader struct {
	document
	out    API
	shared map[string]int // integrations of the components
}

// Read reads a document. Errors are ErrDocument, and say what is wrong.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
func Read(body []byte, basepath string) (API, error) {
	d, err := decode(body)
	if err != nil {
		return API{}, err
	}
	r := &reader{document: d, shared: map[string]int{}, out: API{Title: d.Info.Title, Version: d.Info.Version, Description: d.Info.Description,
		Authorizers: map[string]types.Authorizer{}, Tags: map[string]string{}}}
	if r.out.Title == "" {
		return API{}, fmt.Errorf("%w: it has no title", ErrDocument)
	}
	if d.Components == nil {
		r.Components = &components{}
	}
	r.settings()
	if err := r.authorizers(); err != nil {
		return API{}, err
	}
	prefix := r.prefix(basepath)
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		item := d.Paths[path]
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if err := r.route(prefix, path, method, item[method]); err != nil {
				return API{}, err
			}
		}
	}
	return r.out, nil
}

func (r *reader) warn(format string, args ...any) {
	r.out.Warnings = append(r.out.Warnings, fmt.Sprintf(format, args...))
}

// settings reads what is of the whole API.
func (r *reader) settings() {
	if c := r.Cors; c != nil {
		r.out.Cors = &types.Cors{AllowCredentials: c.AllowCredentials, AllowHeaders: c.AllowHeaders, AllowMethods: c.AllowMethods, AllowOrigins: c.AllowOrigins,
			ExposeHeaders: c.ExposeHeaders, MaxAge: c.MaxAge}
	}
	if r.Endpoint != nil {
		r.out.Closed = &r.Endpoint.Disabled
	}
	for _, s := range r.Servers {
		if s.Endpoint != nil {
			r.out.Closed = &s.Endpoint.Disabled
		}
	}
	for _, t := range r.Tags {
		if t.Value != nil {
			r.out.Tags[t.Name] = *t.Value
		}
	}
}

// prefix is the path of the document's server, as far as routes begin with it.
func (r *reader) prefix(basepath string) string {
	if len(r.Servers) == 0 || basepath == "" || basepath == Ignore {
		return ""
	}
	s := r.Servers[0]
	at := s.URL
	for name, v := range s.Variables {
		at = strings.ReplaceAll(at, "{"+name+"}", fmt.Sprint(v["default"]))
	}
	u, err := url.Parse(at)
	if err != nil {
		r.warn("Cannot read the server's URL %s", s.URL)
		return ""
	}
	path := strings.TrimSuffix(u.Path, "/")
	if basepath == Split { // the first part is left to the domain name's mapping
		_, rest, ok := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if !ok {
			return ""
		}
		path = "/" + rest
	}
	return path
}

// authorizers reads the security schemes that are API Gateway's.
func (r *reader) authorizers() error {
	for name, s := range r.Components.Schemes {
		a := s.Authorizer
		if a == nil {
			continue
		}
		x := types.Authorizer{Name: aws.String(name), IdentitySource: identity(a.Identity)}
		switch strings.ToLower(a.Type) {
		case "jwt":
			if a.JWT == nil {
				return fmt.Errorf("%w: authorizer %s has no jwtConfiguration", ErrDocument, name)
			}
			x.AuthorizerType = types.AuthorizerTypeJwt
			x.JwtConfiguration = &types.JWTConfiguration{Issuer: &a.JWT.Issuer, Audience: a.JWT.Audience}
		case "request":
			x.AuthorizerType, x.AuthorizerUri, x.AuthorizerPayloadFormatVersion = types.AuthorizerTypeRequest, &a.URI, filled(a.Version)
			x.AuthorizerResultTtlInSeconds, x.EnableSimpleResponses, x.AuthorizerCredentialsArn = a.Life, a.Simple, filled(a.Role)
		default:
			return fmt.Errorf("%w: authorizer %s is of type %q, not jwt or request", ErrDocument, name, a.Type)
		}
		r.out.Authorizers[name] = x
	}
	return nil
}

func identity(v any) (out []string) {
	switch v := v.(type) {
	case string:
		for s := range strings.SplitSeq(v, ",") {
			if s = strings.TrimSpace(s); s != "" {
				out = append(out, s)
			}
		}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// route reads an operation of a path.
func (r *reader) route(prefix, path, method string, raw json.RawMessage) error {
	verb := strings.ToUpper(method)
	switch {
	case method == anyMethod:
		verb = "ANY"
	case slices.Contains(methods, method):
	case strings.HasPrefix(method, "x-"), method == "parameters", method == "summary", method == "description", method == "servers", method == "$ref":
		return nil
	default:
		r.warn("Method %s of %s is not supported for HTTP APIs, and was left out", verb, path)
		return nil
	}
	var o operation
	if err := json.Unmarshal(raw, &o); err != nil {
		return fmt.Errorf("%w: %s %s: %w", ErrDocument, verb, path, err)
	}
	to := Route{Key: verb + " " + prefix + path, Operation: o.ID, Integration: -1}
	if o.Default || path == defaultPath {
		to.Key = "$default"
	}
	security := r.Security
	if o.Security != nil {
		security = o.Security
	}
	if err := r.secure(&to, security); err != nil {
		return err
	}
	if o.Integration == nil {
		r.warn("No integration defined for method %s of path %s", verb, path)
	} else if err := r.integrate(&to, *o.Integration); err != nil {
		return err
	}
	r.out.Routes = append(r.out.Routes, to)
	return nil
}

func (r *reader) secure(to *Route, security []map[string][]string) error {
	for _, one := range security {
		for name, scopes := range one {
			s, ok := r.Components.Schemes[name]
			switch {
			case !ok:
				return fmt.Errorf("%w: security scheme %s is not defined", ErrDocument, name)
			case strings.EqualFold(s.AuthType, "awsSigv4"):
				to.IAM = true
			case s.Authorizer != nil:
				to.Authorizer, to.Scopes = name, scopes
			default:
				r.warn("Security scheme %s has no authorizer, and was ignored", name)
			}
		}
	}
	if to.IAM {
		to.Authorizer, to.Scopes = "", nil
	}
	return nil
}

const reference = "#/components/" + catalogued + "/"

func (r *reader) integrate(to *Route, i integration) error {
	name, shared := strings.CutPrefix(i.Ref, reference)
	if i.Ref != "" {
		if n, ok := r.shared[name]; ok && shared {
			to.Integration = n
			return nil
		}
		found, ok := r.Components.Integrations[name]
		if !shared || !ok {
			return fmt.Errorf("%w: %s is not defined", ErrDocument, i.Ref)
		}
		i = found
	}
	x := types.Integration{IntegrationType: types.IntegrationType(strings.ToUpper(i.Type)), IntegrationSubtype: filled(i.Subtype), IntegrationMethod: filled(strings.ToUpper(i.Method)),
		IntegrationUri: filled(i.URI), CredentialsArn: filled(i.Role), ConnectionType: types.ConnectionType(strings.ToUpper(i.Connection)), ConnectionId: filled(i.ConnectionID),
		PayloadFormatVersion: filled(i.Version), TimeoutInMillis: i.Timeout, RequestParameters: i.Request, ResponseParameters: i.Responses}
	if i.TLS != nil {
		x.TlsConfig = &types.TlsConfig{ServerNameToVerify: &i.TLS.Name}
	}
	to.Integration = len(r.out.Integrations)
	if shared {
		r.shared[name] = to.Integration
	}
	r.out.Integrations = append(r.out.Integrations, x)
	return nil
}
