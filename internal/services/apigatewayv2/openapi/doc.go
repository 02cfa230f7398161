// Package openapi reads and writes HTTP APIs as OpenAPI 3.0 documents with API Gateway's extensions.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
package openapi
