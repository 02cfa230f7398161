// Package glue is AWS Glue: the data catalog of every account, crawlers that fill it, and data quality.
//
// The catalog's state is in platform/catalog; what a caller may do with it is asked twice, of IAM by the chain (catalog,
// database and table each, with the catalog's resource policy and what was shared) and of Lake Formation here
// (platform/governance). Answers show what both allow, and no more.
//
// Links to databases and tables lead to their targets as Lake Formation documents it (link.go). Searches and name patterns are
// answered from memory (platform/catalog). A table's versions and partitions lie under its own id; when it is dropped a job
// removes them (jobs.go).
//
// Known gaps: links lead to the same region only. Federated and Redshift catalogs are refused, and catalogs lie in the
// account's own alone. UpdateOpenTableFormatInput and CreateTable's OpenTableFormatInput are refused: clients commit Iceberg
// tables by metadata_location. Tables as of a time or a transaction are not kept. Connections are not tested, and their
// secrets are not encrypted by KMS keys. GetResourcePolicies shows the catalog's policy, not the shares.
//
// Source: https://docs.aws.amazon.com/glue/latest/webapi/WebAPI_Welcome.html
package glue
