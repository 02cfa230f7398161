// Package glue is AWS Glue: the data catalog of every account, crawlers that fill it, and data quality.
//
// The catalog's state is in platform/catalog; what a caller may do with it is asked twice, of IAM by the chain (catalog,
// database and table each, with the catalog's resource policy and what was shared) and of Lake Formation here
// (platform/governance). Answers show what both allow, and no more.
//
// Source: https://docs.aws.amazon.com/glue/latest/webapi/WebAPI_Welcome.html
package glue
