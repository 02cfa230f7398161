// Package applicationautoscaling is Application Auto Scaling: targets whose capacity follows metrics and schedules.
//
// Policies act by alarms of CloudWatch. What an alarm tells a policy, and what a schedule or a new bound asks for, are parcels
// (platform/delivery), so that nothing of it is lost. Capacities are read and set as SDK calls in the name of the account's
// service-linked role; which there are is in one table (dimension.go).
//
// Known gaps: the dimensions are Lambda's provisioned concurrency and SageMaker's instance counts; predictive scaling is not there.
// Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/Welcome.html
package applicationautoscaling
