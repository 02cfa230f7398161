package openapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"go.yaml.in/yaml/v3"
)

// Write writes a document, in JSON or YAML, with API Gateway's extensions or without.
func Write(a API, url string, extensions, asYAML bool) ([]byte, error) {
	d := document{OpenAPI: "3.0.1", Info: info{a.Title, a.Description, a.Version}, Paths: map[string]map[string]json.RawMessage{}, Components: &components{}}
	if url != "" {
		d.Servers = []server{{URL: url}}
	}
	if extensions {
		d.Version = "1.0"
		d.settings(a)
	}
	d.schemes(a, extensions)
	for _, r := range a.Routes {
		if err := d.add(a, r, extensions); err != nil {
			return nil, err
		}
	}
	if len(d.Components.Schemes) == 0 {
		d.Components = nil
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil || !asYAML {
		return b, err
	}
	var tree yaml.Node // which keeps the order
	if err := yaml.Unmarshal(b, &tree); err != nil {
		return nil, err
	}
	block(&tree)
	return yaml.Marshal(&tree)
}

// block has nodes that were read from JSON written as YAML is.
func block(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = yaml.DoubleQuotedStyle
	}
	for _, c := range n.Content {
		block(c)
	}
}

func (d *document) settings(a API) {
	if c := a.Cors; c != nil {
		d.Cors = &cors{c.AllowOrigins, c.AllowCredentials, c.ExposeHeaders, c.MaxAge, c.AllowMethods, c.AllowHeaders}
	}
	if aws.ToBool(a.Closed) {
		d.Endpoint = &endpoint{true}
	}
	for k, v := range a.Tags {
		d.Tags = append(d.Tags, tag{k, &v})
	}
}

func (d *document) schemes(a API, extensions bool) {
	d.Components.Schemes = map[string]scheme{}
	for name, x := range a.Authorizers {
		s := scheme{Type: "oauth2", Flows: map[string]any{}}
		out := &authorizer{Type: "jwt", Identity: strings.Join(x.IdentitySource, ",")}
		if j := x.JwtConfiguration; j != nil {
			out.JWT = &jwt{aws.ToString(j.Issuer), j.Audience}
		} else {
			s = scheme{Type: "apiKey", Name: "Unused", In: "header"}
			out.Type, out.URI, out.Role, out.Version = "request", aws.ToString(x.AuthorizerUri), aws.ToString(x.AuthorizerCredentialsArn), aws.ToString(x.AuthorizerPayloadFormatVersion)
			out.Life, out.Simple = x.AuthorizerResultTtlInSeconds, x.EnableSimpleResponses
		}
		if extensions {
			s.Authorizer = out
		}
		d.Components.Schemes[name] = s
	}
	for _, r := range a.Routes {
		if r.IAM {
			s := scheme{Type: "apiKey", Name: "Authorization", In: "header"}
			if extensions {
				s.AuthType = "awsSigv4"
			}
			d.Components.Schemes["sigv4"] = s
		}
	}
}

func (d *document) add(a API, r Route, extensions bool) error {
	key, err := routing.Parse(r.Key)
	if err != nil {
		return err
	}
	o := operation{ID: r.Operation, Responses: map[string]description{"default": {"Default response for " + r.Key}}}
	switch {
	case r.IAM:
		o.Security = []map[string][]string{{"sigv4": {}}}
	case r.Authorizer != "":
		o.Security = []map[string][]string{{r.Authorizer: append([]string{}, r.Scopes...)}}
	}
	for _, name := range key.Variables() {
		o.Parameters = append(o.Parameters, parameter{name, "path", "Generated path parameter for " + name, true, map[string]string{"type": "string"}})
	}
	if extensions && r.Integration >= 0 {
		o.Integration = written(a.Integrations[r.Integration])
	}
	path, method := key.Path, strings.ToLower(key.Method)
	if r.Key == routing.Default {
		path, method, o.Default = defaultPath, anyMethod, true
	}
	if key.Method == routing.Any {
		method = anyMethod
	}
	if method == anyMethod && !extensions {
		return nil // OpenAPI has no word for it
	}
	b, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("cannot write route %s: %w", r.Key, err)
	}
	if d.Paths[path] == nil {
		d.Paths[path] = map[string]json.RawMessage{}
	}
	d.Paths[path][method] = b
	return nil
}

func written(x types.Integration) *integration {
	i := &integration{Type: string(x.IntegrationType), Subtype: aws.ToString(x.IntegrationSubtype), Method: aws.ToString(x.IntegrationMethod), URI: aws.ToString(x.IntegrationUri),
		Role: aws.ToString(x.CredentialsArn), Connection: string(x.ConnectionType), Version: aws.ToString(x.PayloadFormatVersion), Timeout: x.TimeoutInMillis,
		Request: x.RequestParameters, Responses: x.ResponseParameters}
	if x.TlsConfig != nil {
		i.TLS = &struct {
			Name string `json:"serverNameToVerify"`
		}{aws.ToString(x.TlsConfig.ServerNameToVerify)}
	}
	return i
}
