// Package dqdl reads the Data Quality Definition Language: rulesets and the rules, conditions and analyzers in them. It
// tells what a ruleset says; what is true of the data is found elsewhere.
//
// Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl.html
package dqdl
