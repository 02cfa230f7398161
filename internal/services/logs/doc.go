// Package logs is Amazon CloudWatch Logs: groups and streams of log events, found again by time, filter pattern or query.
//
// Events lie in files made for them (eventfile); the store holds groups, streams and where in the files what is. A call of PutLogEvents
// is answered when its events are on disk, and what hangs on them is done: metric filters have measured, subscription filters' parcels are
// accepted, live tails are told.
//
// Known gaps: see docs/known-gaps.md.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
package logs
