// Package evaluate measures tables by the rules of a ruleset. Each rule becomes aggregates; those of all rules that can be
// answered by one look at the table are asked for together, so that a ruleset costs one scan, one grouping for each set
// of columns whose values are counted, and one query for each rule that brings its own.
//
// Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types.html
package evaluate
