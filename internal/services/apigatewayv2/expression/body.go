package expression

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// maxBody is the largest body that is looked into.
const maxBody = 10 << 20

// Within reads a value of a JSON document: objects by name and lists by index. Text is given as it is, anything else as JSON. The
// whole document is given when the path is empty.
func Within(document []byte, path []string) (string, bool) {
	if len(document) == 0 || len(document) > maxBody {
		return "", false
	}
	if len(path) == 0 {
		return string(document), true
	}
	value := json.RawMessage(document)
	for _, step := range path {
		switch first(value) {
		case '{':
			var object map[string]json.RawMessage
			if json.Unmarshal(value, &object) != nil {
				return "", false
			}
			next, ok := object[step]
			if !ok {
				return "", false
			}
			value = next
		case '[':
			var list []json.RawMessage
			i, err := strconv.Atoi(step)
			if err != nil || json.Unmarshal(value, &list) != nil || i < 0 || i >= len(list) {
				return "", false
			}
			value = list[i]
		default:
			return "", false
		}
	}
	if first(value) == '"' {
		var text string
		err := json.Unmarshal(value, &text)
		return text, err == nil
	}
	var out bytes.Buffer
	if json.Compact(&out, value) != nil || out.String() == "null" {
		return "", false
	}
	return out.String(), true
}

func first(b []byte) byte {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 {
		return 0
	}
	return b[0]
}
