package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/app"
)

// sqlSupport tells what of Trino's SQL is there, from the cases that tests run.
func sqlSupport() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# SQL\n\nAthena's queries are in Trino's SQL. This page is written by `go run ./cmd/docsgen` from the statements that tests run on the\n" +
		"engine; what is below \"Not supported\" is refused with the error shown.\n\n| Group | Statements with expected results |\n|---|---:|\n")
	cases, functions := app.SQLSupport()
	counts := map[string]int{}
	var groups []string
	for _, c := range cases {
		if counts[c.Group]++; counts[c.Group] == 1 {
			groups = append(groups, c.Group)
		}
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "| %s | %d |\n", g, counts[g])
	}
	fmt.Fprintf(&b, "| all | %d |\n\n## Not supported\n\n| Statement or expression | Error | Why |\n|---|---|---|\n", len(cases))
	for _, c := range cases {
		if c.Why != "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", code(c.SQL), code(c.Want), c.Why)
		}
	}
	b.WriteString("\n## Functions that are not supported\n\nAny other function that Trino has and that is not known is an error of \"not registered\".\n\n| Function | Why |\n|---|---|\n")
	for _, f := range functions {
		fmt.Fprintf(&b, "| %s | %s |\n", code(f[0]), f[1])
	}
	return b.Bytes(), nil
}

// code is text as a table of Markdown has it.
func code(s string) string {
	return "`" + strings.NewReplacer("|", "\\|", "\n", " ").Replace(s) + "`"
}
