// Package sandbox runs the code of functions: the Lambda Runtime API (2018-06-01) and a pool of warm processes on engines/compute.
//
// It knows nothing of how functions are stored, found or authorized; that is the lambda service's. One process serves one invocation
// at a time, as in AWS; several run side by side. A process that waits is frozen and ends after a while.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package sandbox
