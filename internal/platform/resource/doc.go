// Package resource is what a template's resources are made of: each service says in its stack.go how resources of its types are made,
// changed and removed by its own API, and CloudFormation does it in the order and in the name that a stack asks for.
//
// What properties a type has, which of them are required, and which of them replace the resource when they change, are facts that
// CloudFormation holds (services/cloudformation/schema); a Type is only what to do.
//
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract.html
package resource
