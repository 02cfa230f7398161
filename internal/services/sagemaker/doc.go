// Package sagemaker is Amazon SageMaker AI: models and the four ways to have inference from them (endpoints in real time, asynchronous
// and serverless ones, batch transforms), and the training of built-in algorithms. SageMaker Runtime, which calls endpoints, is here
// too (Runtime): it is signed for the same service and speaks of the same endpoints.
//
// What an API operation means is in this package, one file per resource. What runs models is in package hosting, how a batch is cut
// and put together in package transform.
//
// https://docs.aws.amazon.com/sagemaker/latest/APIReference/Welcome.html
package sagemaker
