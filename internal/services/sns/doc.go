// Package sns is Amazon SNS: topics, and what is published to them brought to queues, functions, HTTP addresses and mailboxes.
//
// A message is accepted in one transaction with a parcel for each subscription whose filter lets it through
// (platform/delivery), so that it arrives, is tried again, or lies in a dead-letter queue.
//
// Known gaps: Firehose, SMS and mobile push are refused by name; delivery policies give the number of attempts and not
// the waits between them; delivery status logs, data protection policies and archives of FIFO topics are not there; encryption
// attributes are kept and not applied.
// Source: https://docs.aws.amazon.com/sns/latest/api/welcome.html
package sns
