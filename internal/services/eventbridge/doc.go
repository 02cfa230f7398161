// Package eventbridge is Amazon EventBridge: buses that events are put on, rules that match them, and targets that get them.
//
// An event is accepted in one transaction with a parcel for each target of each rule that matches it (platform/delivery), so
// that it arrives, is tried again, or lies in a dead-letter queue. What services write on the platform's bus arrives on the
// default bus of its account.
//
// Known gaps: Step Functions, CloudWatch Logs, SageMaker pipelines and other targets that are not queues, topics, functions, buses
// or API destinations fail into their dead-letter queues; partner sources, global endpoints, the schema registry and encryption
// with customer keys are not there.
// Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
package eventbridge
