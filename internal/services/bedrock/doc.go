// Package bedrock is Bedrock's management: which foundation models there are, inference profiles, guardrails and their versions,
// batch inference, models that are imported, provisioned throughput and invocation logs. Package bedrockruntime runs the models.
//
// A batch is a durable job: each answer is on disk before it counts, so that a server that was killed goes on with the next record.
//
// Known gaps: see docs/known-gaps.md.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock.html
package bedrock
