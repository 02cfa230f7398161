// Package bedrock calls Bedrock's management with real clients.
package bedrock
