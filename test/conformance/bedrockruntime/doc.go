// Package bedrockruntime calls Bedrock's runtime with real clients, on models that are real.
package bedrockruntime
