// Package image is what runs in the containers of built-in algorithms: a program that trains when it is called with "train" and
// serves when it is called with "serve", by the contract that every container of SageMaker keeps.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
package image
