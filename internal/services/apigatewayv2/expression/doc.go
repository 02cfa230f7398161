// Package expression reads what HTTP APIs say of requests and answers: "$request.header.name", "$context.requestId",
// "$response.body.a[0]", "$stageVariables.name", alone or within text, as "/v1/${request.path.id}". Parameter mappings, identity
// sources, integration URIs and formats of access logs are made of them.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
package expression
