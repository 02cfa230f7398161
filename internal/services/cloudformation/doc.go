// Package cloudformation makes, changes and removes what templates describe, each resource by the API of its service.
//
// A stack's operation is a job that drives rows: each row says what is about to be done to its resource before it is done, and every
// change of a row is one transaction with the events that tell of it. So the job keeps nothing itself: wherever the server is killed, it
// begins again with what the rows say. Resources that do not depend on each other are worked on at the same time.
//
// Stack sets, hooks, private types, imports of resources into stacks, stack refactoring and the template generator are not implemented.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
package cloudformation
