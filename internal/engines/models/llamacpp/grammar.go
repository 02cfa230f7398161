package llamacpp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// maxSchema bounds how deep a schema is followed; what lies deeper may be any JSON.
const maxSchema = 8

// anyJSON are the rules that all grammars end with.
const anyJSON = `
ws ::= " "?
string ::= "\"" ([^"\\\x00-\x1f] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})){0,512} "\""
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,15})?
boolean ::= "true" | "false"
null ::= "null"
object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? "}"
array ::= "[" ws (value ("," ws value)*)? "]"
value ::= object | array | string | number | boolean | null
`

// grammar lets the model write nothing but a call of a tool, when one must be called. It is GBNF, "" when all may be written.
// Source: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
func (t *template) grammar(r models.Request) (string, error) {
	if !r.Choice.Any && r.Choice.Tool == "" {
		return "", nil
	}
	var calls []string
	for _, tool := range r.Tools {
		if r.Choice.Tool != "" && tool.Name != r.Choice.Tool {
			continue
		}
		calls = append(calls, `"{\"name\": `+literal(strconv.Quote(tool.Name))+`, \"arguments\": " `+schemaRule(tool.Schema, 0)+` "}"`)
	}
	if len(calls) == 0 {
		return "", models.Errorf(models.Invalid, "The tool that must be used is not among the tools.")
	}
	return `root ::= "<tool_call>\n" (` + strings.Join(calls, " | ") + `) "\n</tool_call>"` + anyJSON, nil
}

// literal escapes a text for the inside of a quoted literal.
func literal(s string) string {
	q := strconv.QuoteToASCII(s)
	return q[1 : len(q)-1]
}

type schema struct {
	Type       any                        `json:"type"`
	Properties map[string]json.RawMessage `json:"properties"`
	Required   []string                   `json:"required"`
	Enum       []json.RawMessage          `json:"enum"`
	Items      json.RawMessage            `json:"items"`
}

// schemaRule is the body of a rule for values of a schema. What of it is not understood is left open.
func schemaRule(raw json.RawMessage, depth int) string {
	var s schema
	if depth > maxSchema || json.Unmarshal(raw, &s) != nil {
		return "value"
	}
	if len(s.Enum) > 0 && len(s.Enum) <= 256 {
		var list []string
		for _, e := range s.Enum {
			list = append(list, `"`+literal(string(e))+`"`)
		}
		return "(" + strings.Join(list, " | ") + ")"
	}
	kind, _ := s.Type.(string)
	switch kind {
	case "string", "integer", "number", "boolean", "null":
		return kind
	case "array":
		if s.Items == nil {
			return "array"
		}
		item := schemaRule(s.Items, depth+1)
		return fmt.Sprintf(`("[" ws (%s ("," ws %s){0,63})? "]")`, item, item)
	case "object", "":
		return objectRule(s, depth)
	}
	return "value"
}

func objectRule(s schema, depth int) string {
	if len(s.Properties) == 0 || len(s.Properties) > 64 {
		return "object"
	}
	names := slices.DeleteFunc(slices.Clone(s.Required), func(n string) bool { return s.Properties[n] == nil })
	if len(s.Required) == 0 {
		for n := range s.Properties {
			names = append(names, n)
		}
		slices.Sort(names)
	}
	var members []string
	for _, n := range names {
		members = append(members, `"`+literal(strconv.Quote(n))+`: " `+schemaRule(s.Properties[n], depth+1))
	}
	return `("{" ` + strings.Join(members, ` ", " `) + ` "}")`
}
