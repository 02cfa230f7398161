package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// maxBody is the largest document.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxBody = 6 << 20

// The extensions that HTTP APIs have.
const (
	anyMethod   = "x-amazon-apigateway-any-method"
	integrated  = "x-amazon-apigateway-integration"
	catalogued  = "x-amazon-apigateway-integrations"
	imported    = "x-amazon-apigateway-importexport-version"
	defaultPath = "/$default"
)

type document struct {
	OpenAPI    string                                `json:"openapi"`
	Info       info                                  `json:"info"`
	Servers    []server                              `json:"servers,omitempty"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components *components                           `json:"components,omitempty"`
	Security   []map[string][]string                 `json:"security,omitempty"`
	Cors       *cors                                 `json:"x-amazon-apigateway-cors,omitempty"`
	Endpoint   *endpoint                             `json:"x-amazon-apigateway-endpoint-configuration,omitempty"`
	Tags       []tag                                 `json:"tags,omitempty"`
	Version    string                                `json:"x-amazon-apigateway-importexport-version,omitempty"`
}

type info struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Version     string `json:"version"`
}

type server struct {
	URL       string                    `json:"url"`
	Variables map[string]map[string]any `json:"variables,omitempty"`
	Endpoint  *endpoint                 `json:"x-amazon-apigateway-endpoint-configuration,omitempty"`
}

type endpoint struct {
	Disabled bool `json:"disableExecuteApiEndpoint"`
}

type tag struct {
	Name  string  `json:"name"`
	Value *string `json:"x-amazon-apigateway-tag-value,omitempty"`
}

type components struct {
	Schemes      map[string]scheme      `json:"securitySchemes,omitempty"`
	Integrations map[string]integration `json:"x-amazon-apigateway-integrations,omitempty"`
}

type scheme struct {
	Type       string      `json:"type"`
	Name       string      `json:"name,omitempty"`
	In         string      `json:"in,omitempty"`
	Flows      any         `json:"flows,omitempty"`
	Discovery  string      `json:"openIdConnectUrl,omitempty"`
	AuthType   string      `json:"x-amazon-apigateway-authtype,omitempty"`
	Authorizer *authorizer `json:"x-amazon-apigateway-authorizer,omitempty"`
}

type authorizer struct {
	Type       string `json:"type"`
	Identity   any    `json:"identitySource,omitempty"` // text between commas, or a list
	JWT        *jwt   `json:"jwtConfiguration,omitempty"`
	URI        string `json:"authorizerUri,omitempty"`
	Role       string `json:"authorizerCredentials,omitempty"`
	Version    string `json:"authorizerPayloadFormatVersion,omitempty"`
	Life       *int32 `json:"authorizerResultTtlInSeconds,omitempty"`
	Simple     *bool  `json:"enableSimpleResponses,omitempty"`
	Validation string `json:"identityValidationExpression,omitempty"`
}

type jwt struct {
	Issuer   string   `json:"issuer"`
	Audience []string `json:"audience"`
}

type cors struct {
	AllowOrigins     []string `json:"allowOrigins,omitempty"`
	AllowCredentials *bool    `json:"allowCredentials,omitempty"`
	ExposeHeaders    []string `json:"exposeHeaders,omitempty"`
	MaxAge           *int32   `json:"maxAge,omitempty"`
	AllowMethods     []string `json:"allowMethods,omitempty"`
	AllowHeaders     []string `json:"allowHeaders,omitempty"`
}

type operation struct {
	ID          string                 `json:"operationId,omitempty"`
	Parameters  []parameter            `json:"parameters,omitempty"`
	Responses   map[string]description `json:"responses,omitempty"`
	Security    []map[string][]string  `json:"security,omitempty"`
	Default     bool                   `json:"isDefaultRoute,omitempty"`
	Integration *integration           `json:"x-amazon-apigateway-integration,omitempty"`
}

type description struct {
	Description string `json:"description"`
}

type parameter struct {
	Name        string            `json:"name"`
	In          string            `json:"in"`
	Description string            `json:"description,omitempty"`
	Required    bool              `json:"required"`
	Schema      map[string]string `json:"schema"`
}

type integration struct {
	Ref          string                       `json:"$ref,omitempty"`
	Type         string                       `json:"type,omitempty"`
	Subtype      string                       `json:"integrationSubtype,omitempty"`
	Method       string                       `json:"httpMethod,omitempty"`
	URI          string                       `json:"uri,omitempty"`
	Role         string                       `json:"credentials,omitempty"`
	Connection   string                       `json:"connectionType,omitempty"`
	ConnectionID string                       `json:"connectionId,omitempty"`
	Version      string                       `json:"payloadFormatVersion,omitempty"`
	Timeout      *int32                       `json:"timeoutInMillis,omitempty"`
	Request      map[string]string            `json:"requestParameters,omitempty"`
	Responses    map[string]map[string]string `json:"responseParameters,omitempty"`
	TLS          *struct {
		Name string `json:"serverNameToVerify"`
	} `json:"tlsConfig,omitempty"`
}

// ErrDocument is a document that cannot be read.
var ErrDocument = errors.New("unable to parse the API definition")

// decode reads JSON or YAML.
func decode(body []byte) (d document, err error) {
	if len(body) > maxBody {
		return d, fmt.Errorf("%w: it is larger than %d bytes", ErrDocument, maxBody)
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 || body[0] != '{' || !json.Valid(body) {
		var tree any
		if err := yaml.Unmarshal(body, &tree); err != nil {
			return d, fmt.Errorf("%w because of a malformed document", ErrDocument)
		}
		if tree, err = plain(tree, 0); err != nil {
			return d, err
		}
		if body, err = json.Marshal(tree); err != nil {
			return d, fmt.Errorf("%w because of a malformed document", ErrDocument)
		}
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return d, fmt.Errorf("%w: %w", ErrDocument, err)
	}
	if len(d.OpenAPI) < 2 || d.OpenAPI[:2] != "3." {
		return d, fmt.Errorf("%w: HTTP APIs are imported from OpenAPI 3.0", ErrDocument)
	}
	return d, nil
}

const maxDepth = 64

// plain makes keys text, as JSON has them: those of answers are numbers in YAML.
func plain(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: it is nested too deeply", ErrDocument)
	}
	var err error
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if v[k], err = plain(e, depth+1); err != nil {
				return nil, err
			}
		}
		return v, nil
	case map[any]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			if out[fmt.Sprint(k)], err = plain(e, depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		for i, e := range v {
			if v[i], err = plain(e, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
