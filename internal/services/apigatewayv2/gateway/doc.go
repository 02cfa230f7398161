// Package gateway answers the requests to HTTP APIs: it finds the route, asks its authorizer, calls its integration and gives what
// that answers. All that it needs of an API lies ready in memory (API); nothing of a request asks the store.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
package gateway
