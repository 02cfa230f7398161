// Package stage is where the scenarios of models play: a server, an account with a bucket and the role of its models, and queues in which
// its events and messages lie.
package stage
