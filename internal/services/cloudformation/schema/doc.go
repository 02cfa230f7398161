// Package schema holds facts of resource types: their properties, which of them are required, how they are formed, which replace the resource
// when they change, and what Fn::GetAtt gives. They are CloudFormation's own public schemas, derived by schemagen from the pinned package
// of cfn-lint (MIT-0), compressed into the binary and decoded type by type on first use.
//
// https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
package schema
