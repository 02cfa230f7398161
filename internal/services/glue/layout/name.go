package layout

import (
	"net/url"
	"strings"
	"unicode"
)

// nullValue is what Hive calls the folder of rows that have no value.
const nullValue = "__HIVE_DEFAULT_PARTITION__"

// hive reads a folder's name that is "key=value".
func hive(name string) (key, value string, ok bool) {
	key, value, ok = strings.Cut(name, "=")
	if !ok || key == "" {
		return "", "", false
	}
	if v, err := url.PathUnescape(value); err == nil {
		value = v
	}
	return strings.ToLower(key), value, true
}

func valueOf(folder string) string {
	if _, v, ok := hive(folder); ok {
		return v
	}
	return folder
}

// TableName makes a name for a table as Glue does: small letters, digits and underscores.
func TableName(name string) string {
	out := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
	if out == "" {
		return "table"
	}
	const most = 200 // of Glue's 255, with room for a prefix and for what tells it from others
	if r := []rune(out); len(out) > most {
		for len(string(r)) > most {
			r = r[:len(r)-1]
		}
		return string(r)
	}
	return out
}

func fileName(key string) string { return TableName(key[strings.LastIndexByte(key, '/')+1:]) }
