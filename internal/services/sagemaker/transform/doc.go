// Package transform is the inside of a batch transform: an object is cut into records, these are put together to requests, and the
// answers become one object again, in the order of the records, filtered and joined with their input as was asked for. It knows
// nothing of S3, of models, or of how jobs are stored.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
package transform
