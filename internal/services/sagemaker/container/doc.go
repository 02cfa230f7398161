// Package container is what the containers of SageMaker have in common, whether they serve, train or process: an image that is a
// program, an instance's size, the files of a model, AWS in the name of a role, and a log.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/docker-containers.html
package container
