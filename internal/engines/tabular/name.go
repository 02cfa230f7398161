package tabular

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is how long a column's name may be in Glue.
const maxName = 255

// columnNames makes names as Glue keeps them: lower-case, none empty, none twice. A name that is missing tells its place.
func columnNames(raw []string) []string {
	names := make([]string, len(raw))
	taken := make(map[string]int, len(raw)) // and the number that was tried last for a second of that name
	for i, n := range raw {
		n = cleanName(n)
		if n == "" {
			n = "col" + strconv.Itoa(i)
		}
		name := n
		for _, ok := taken[name]; ok; _, ok = taken[name] {
			taken[n]++
			name = n + "_" + strconv.Itoa(taken[n])
		}
		taken[name] = 0
		names[i] = name
	}
	return names
}

// cleanName lowers a name and takes out what Glue allows in none.
func cleanName(n string) string {
	n = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return unicode.ToLower(r)
	}, strings.TrimSpace(n))
	for len(n) > maxName {
		_, size := utf8.DecodeLastRuneInString(n)
		n = n[:len(n)-size]
	}
	return n
}
