// Package hosting runs models: the serving container's contract (GET /ping, POST /invocations on port 8080), instances that are
// started, watched, replaced and scaled, and the way of a request to one of them. It knows nothing of how endpoints are stored or
// authorized; that is the sagemaker service's. Batch transforms use the same instances.
//
// An instance is a set of processes on engines/compute, one for each container of a model.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
package hosting
