// Package cloudwatch is CloudWatch: metrics, alarms that act, and dashboards.
//
// Data lie in platform/metrics. Alarms are looked at when a period ends, each minute or every ten seconds; a change of state is written in
// one transaction with its history, its event and the parcels of its actions (platform/delivery), so that nothing of it is lost. A policy of
// Application Auto Scaling is told by a parcel too (platform/scaling).
//
// Known gaps: anomaly detectors, Contributor Insights, Metrics Insights (SELECT), metric streams, log alarms, mute rules and images are
// not there. Data of other accounts are refused.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/Welcome.html
package cloudwatch
