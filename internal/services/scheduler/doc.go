// Package scheduler is EventBridge Scheduler: groups of schedules that call a target once or again and again.
//
// When a schedule is due, a parcel for its target (platform/delivery) and the time it was due are written in one transaction: so
// what is due arrives, is tried again, or lies in a dead-letter queue. Of what was due while no server ran, one call is made up.
//
// Known gaps: targets are queues, topics, functions and buses; Step Functions, SageMaker pipelines and universal targets fail into
// the dead-letter queue. Encryption keys are kept and not applied.
// Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html
package scheduler
