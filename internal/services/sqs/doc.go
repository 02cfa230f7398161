// Package sqs is Amazon SQS: standard and FIFO queues whose messages are on disk before they are acknowledged.
//
// A message is a row that never changes; how often and until when it was received is another, small one. What may be received
// next is kept in memory per queue (shelf.go), read with the first call on it. A message that nobody deletes comes again when
// its time is over, or lies in the dead-letter queue when it came too often.
//
// Known gaps: server-side encryption attributes are kept and not applied (the whole database is the operator's to encrypt);
// a queue may be made again at once after it was deleted, where AWS asks for a minute; there are no throughput quotas.
// Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html
package sqs
