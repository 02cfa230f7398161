package app

import "github.com/atelier-studio/atelier/internal/engines/sql/dialect"

// SQLSupport gives the statements of Trino's that tests run on the SQL engine, and the functions that it has not, each with
// the reason.
func SQLSupport() (cases []dialect.Case, unsupported [][2]string) {
	return dialect.Cases(), dialect.Unsupported()
}
