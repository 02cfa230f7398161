package main

import "strings"

// page is the document that holds the sections.
type page []section

// parsePage reads the sections of a document that was written before.
func parsePage(s string) (p page) {
	for i, part := range strings.Split("\n"+s, "\n## ") {
		if title, body, ok := strings.Cut(part, "\n\n"); i > 0 && ok {
			p = append(p, section{title, body})
		}
	}
	return p
}

// set puts a section in the place of an older one.
func (p *page) set(s section) {
	for i := range *p {
		if (*p)[i].title == s.title {
			(*p)[i] = s
			return
		}
	}
	*p = append(*p, s)
}

// String writes the document.
func (p page) String() string {
	var b strings.Builder
	b.WriteString("# Benchmarks\n\nThe client signs every request and runs on the same machine, " + machine() + ".\nReproduce with `make bench`; one topic alone with `go run ./test/bench -only catalog`.\n")
	for _, s := range p {
		b.WriteString("\n## " + s.title + "\n\n" + strings.TrimSpace(s.body) + "\n")
	}
	return b.String()
}
