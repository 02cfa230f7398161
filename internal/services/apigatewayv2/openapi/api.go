package openapi

import "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

// API is what a document says. Integrations and authorizers have no ids.
type API struct {
	Title, Version, Description string
	Cors                        *types.Cors
	Closed                      *bool // not to be reached at its own endpoint
	Tags                        map[string]string
	Routes                      []Route
	Authorizers                 map[string]types.Authorizer // by name
	Integrations                []types.Integration         // that routes share, or have alone
	Warnings                    []string
}

// Route is a route of a document.
type Route struct {
	Key         string
	Operation   string
	Integration int // of API.Integrations, -1 for none
	IAM         bool
	Authorizer  string // name; "" for none
	Scopes      []string
}
