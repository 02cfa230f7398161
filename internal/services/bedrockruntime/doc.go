// Package bedrockruntime is Bedrock's runtime: it runs foundation models, in Converse's words or in those of each family of
// models, whole or as a stream, counts tokens and applies guardrails.
//
// Which model does the work is for the library of engines/models to say. A guardrail sees what goes in and what comes out; of
// a stream, what may still become part of something it hides is kept back until that is known.
//
// Known gaps: see docs/known-gaps.md.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
package bedrockruntime
