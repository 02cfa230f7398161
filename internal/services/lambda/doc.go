// Package lambda is AWS Lambda: functions from zip archives, with versions, aliases and layers, invoked at once, later or by a
// queue, and reached under a URL.
//
// Code lies under the SHA-256 of its archive (code.go), unpacked when a function is made ready (ready.go). Processes are run by
// the package sandbox. An event that was accepted is a parcel of platform/delivery (async.go) and so outlives the server; an
// event source mapping receives in the name of the function's role and deletes only what the function has done (poll.go).
//
// Known gaps: container images, SnapStart, VPCs, file systems, code signing, capacity providers and durable functions are
// refused by name. Of event sources there are queues. X-Ray gets no traces.
// Source: https://docs.aws.amazon.com/lambda/latest/api/welcome.html
package lambda
