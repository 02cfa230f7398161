// Package bedrockproxy is a container of SageMaker's that stands on a model of Bedrock's: it answers /ping, /invocations and
// /execution-parameters by Converse or InvokeModel, many records of a request at a time, in the name of the container's role. It
// needs nothing but the environment that SageMaker gives every container, here and in AWS.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html
package bedrockproxy
