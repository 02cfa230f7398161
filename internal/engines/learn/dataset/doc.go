// Package dataset reads rows of numbers and writes answers in the formats that SageMaker's built-in algorithms share: CSV, JSON,
// JSON Lines, LIBSVM and RecordIO with protobuf records.
// https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html and
// https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html
//
// Every format is read from memory. What is kept is bounded by the size of what was read.
package dataset
