// Package permissions holds the table of who may do what in the governed catalog, asked by real calls.
package permissions
