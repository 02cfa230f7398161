// Package routing finds the route of a request to an HTTP API. The most specific route with the request's method counts: segments
// of text before variables before greedy variables, and $default after all.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
package routing
