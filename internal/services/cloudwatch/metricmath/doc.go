// Package metricmath reads and computes CloudWatch's metric math: arithmetic, comparisons and functions on time series.
//
// An expression is of one of three types: a scalar, a time series, or an array of time series. Two series meet where both have a value.
// What is no finite number is no value. Texts are bounded in length and depth, and what is computed in points.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
package metricmath
