// Package payload writes the events that functions behind an HTTP API are called with, and reads what they answer, in the formats
// 1.0 and 2.0; of integrations and of authorizers.
// Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html and
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
package payload
