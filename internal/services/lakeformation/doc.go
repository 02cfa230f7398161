// Package lakeformation decides who may see and read what of the data catalog, and hands out credentials for its files.
//
// It keeps settings, registered locations, grants, data cells filters, LF-tags and opt-ins in governance's ledger, which
// decides; every other service and engine asks the same ledger. A grant to another account offers the resource in a share
// of RAM in the same transaction, and a revoke takes it back.
//
// Known gaps: no transactions and governed tables, no query planning, storage optimizers, Identity Center and SAML.
// Conditions of grants are not taken. A grant on a location to another account gives nothing there. ListPermissions
// doesn't name resource shares.
// Source: https://docs.aws.amazon.com/lake-formation/latest/APIReference/Welcome.html
package lakeformation
