// Package metrics keeps what services and users measure, as CloudWatch does: time series of an account and region, told apart by
// namespace, name and dimensions.
//
// A series is kept in tiers: seconds for three hours (of data that is measured so finely), minutes for 15 days, five minutes
// for 63 days, and hours for 455 days. A point holds sum, count, extremes, and the values within about one percent, so that every
// statistic can be computed of it. What services Record is gathered in memory and written every few seconds; what users Put is written in the
// transaction that acknowledges it.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
package metrics
