// Package template reads CloudFormation's templates: JSON and YAML with its short forms, parameters, mappings, conditions, rules, the
// intrinsic functions, dynamic references, and the transforms AWS::LanguageExtensions and AWS::Include. It knows no resource types and makes
// no calls: Parse reads a body, Bind decides what parameters and conditions decide, and a Bound then gives each resource's properties once
// the resources that it needs are there.
//
// What is wrong is an *Error, in CloudFormation's words.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
package template
