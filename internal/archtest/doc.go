// Package archtest states how the tree is built, and fails when it is built otherwise: imports go one way, a service
// never imports another, each package has one comment, files are short and names say what is inside.
package archtest
