// Package apigatewayv2 is API Gateway's HTTP APIs: their control plane here, the requests to them in package gateway.
//
// An API is one document with its routes, integrations, authorizers and stages; deployments are documents beside it, each with what
// it deploys. A stage serves its deployment and nothing else; one that deploys by itself gets a new deployment with every change, in
// the same transaction.
//
// An API is reached at <id>.execute-api.<region>.<anything>, as in AWS, and at /_atelier/execute-api/<id> of the server itself.
// ApiEndpoint is the latter, at the host that the client called: names below that host lead nowhere in most networks.
//
// Known gaps: no WebSocket APIs, VPC links, mutual TLS and portals. Source:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
package apigatewayv2
