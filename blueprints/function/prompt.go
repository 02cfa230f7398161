package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

var hole = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// fill puts a record's fields into a prompt's holes, such as {{source}}. A hole that no field fills is left empty. What a record says is
// text: holes in it are not filled again.
func fill(template string, record map[string]any) string {
	if template == "" {
		template = "{{inputs}}"
	}
	return hole.ReplaceAllStringFunc(template, func(h string) string {
		return text(record[hole.FindStringSubmatch(h)[1]])
	})
}

// text is a field as people write it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case map[string]any, []any:
		b, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(b)
	}
	return strings.TrimSpace(fmt.Sprint(v))
}
