// Package models runs foundation models: conversations, as a whole or in parts as they are written, embeddings and counts of
// tokens. It knows no API. A driver does the work: package llamacpp runs GGUF files in this process, package openai asks a
// server that speaks OpenAI's API, package bedrock asks the real Bedrock. A Library says which id stands for which of them.
package models
