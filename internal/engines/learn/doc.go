// Package learn is the seam of the built-in algorithms: each trains from channels of files, writes its model to a directory,
// and answers requests from one. It knows nothing of AWS's services; what it takes and answers is what AWS documents for
// the algorithms of the same names: https://docs.aws.amazon.com/sagemaker/latest/dg/algos.html.
//
// The algorithms are in the packages below it, package builtin lists them, and package dataset reads and writes their formats.
package learn
