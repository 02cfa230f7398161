package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
)

// Check holds the properties of resource id against the schema. Errors are *template.Error in CloudFormation's words, of all that is wrong.
// Values that are template.Unknown are taken to be right.
//
// The words are those of https://github.com/aws-cloudformation/cloudformation-resource-schema: values, which may be secret, are not in them.
func (s *Schema) Check(id string, properties map[string]any) error {
	c := &checker{schema: s}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if s.readOnly(name) {
			c.say("#", "extraneous key [%s] is not permitted", name)
		}
	}
	c.check(&s.root, properties, "#")
	if len(c.wrong) == 0 {
		return nil
	}
	return &template.Error{Message: fmt.Sprintf("Properties validation failed for resource %s with message:\n%s", id, strings.Join(c.wrong, "\n"))}
}

// checker gathers what is wrong.
type checker struct {
	schema *Schema
	wrong  []string
}

func (c *checker) say(path, format string, args ...any) {
	c.wrong = append(c.wrong, path+": "+fmt.Sprintf(format, args...))
}

func (c *checker) fails(path, keyword string) {
	c.say(path, "failed validation constraint for keyword [%s]", keyword)
}

func (c *checker) check(n *node, v any, path string) {
	n = c.schema.at(n)
	if n == nil || later(v) {
		return
	}
	if len(n.Type) > 0 && !slices.ContainsFunc(n.Type, func(k string) bool { return is(v, k) }) {
		c.say(path, "expected type: %s, found: %s", names[n.Type[0]], found(v))
		return
	}
	if len(n.Enum) > 0 && !slices.ContainsFunc(n.Enum, func(e any) bool { return resource.Text(e) == resource.Text(v) }) {
		c.fails(path, "enum")
	}
	if n.Const != nil && resource.Text(n.Const) != resource.Text(v) {
		c.fails(path, "const")
	}
	switch v := v.(type) {
	case map[string]any:
		c.object(n, v, path)
	case []any:
		c.list(n, v, path)
	default:
		c.scalar(n, v, path)
	}
	c.combined(n, v, path)
}

func (c *checker) object(n *node, v map[string]any, path string) {
	for _, key := range n.Required {
		if _, ok := v[key]; !ok {
			c.say(path, "required key [%s] not found", key)
		}
	}
	has := func(key string) bool { return v[key] != nil }
	if len(n.RequiredXor) > 0 && len(filter(n.RequiredXor, has)) != 1 {
		c.say(path, "exactly one of the keys [%s] is required", strings.Join(n.RequiredXor, ", "))
	}
	if len(n.RequiredOr) > 0 && !slices.ContainsFunc(n.RequiredOr, has) {
		c.say(path, "one of the keys [%s] is required", strings.Join(n.RequiredOr, ", "))
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		for _, other := range n.DependentRequired[key] {
			if !has(other) {
				c.say(path, "property [%s] is required", other)
			}
		}
		for _, other := range filter(n.DependentExcluded[key], has) {
			c.say(path, "the keys [%s, %s] exclude each other", key, other)
		}
		if p, ok := n.Properties[key]; ok {
			c.check(p, v[key], path+"/"+key)
			continue
		}
		matched := false
		for pattern, p := range n.PatternProperties {
			if re := compiled(pattern); re == nil || re.MatchString(key) {
				matched = true
				c.check(p, v[key], path+"/"+key)
			}
		}
		switch a := n.AdditionalProperties; {
		case matched || a == nil:
		case a.refused && (len(n.Properties) > 0 || len(n.PatternProperties) > 0 || path == "#"):
			c.say(path, "extraneous key [%s] is not permitted", key)
		case a.of != nil:
			c.check(a.of, v[key], path+"/"+key)
		}
	}
}

func (c *checker) list(n *node, v []any, path string) {
	if n.MinItems != nil && len(v) < *n.MinItems {
		c.say(path, "expected minimum item count: %d, found: %d", *n.MinItems, len(v))
	}
	if n.MaxItems != nil && len(v) > *n.MaxItems {
		c.say(path, "expected maximum item count: %d, found: %d", *n.MaxItems, len(v))
	}
	seen := map[string]bool{}
	for i, e := range v {
		if n.UniqueItems && !later(e) {
			if seen[resource.Text(e)] {
				c.say(path, "array items are not unique")
				break
			}
			seen[resource.Text(e)] = true
		}
		c.check(n.Items, e, path+"/"+strconv.Itoa(i))
	}
}

func (c *checker) scalar(n *node, v any, path string) {
	text := resource.Text(v)
	if length := utf8.RuneCountInString(text); slices.Contains(n.Type, "string") {
		if n.MinLength != nil && length < *n.MinLength {
			c.say(path, "expected minLength: %d, actual: %d", *n.MinLength, length)
		}
		if n.MaxLength != nil && length > *n.MaxLength {
			c.say(path, "expected maxLength: %d, actual: %d", *n.MaxLength, length)
		}
		if re := compiled(n.Pattern); n.Pattern != "" && re != nil && !re.MatchString(text) {
			c.fails(path, "pattern")
		}
		return
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return
	}
	if n.Minimum != nil && f < *n.Minimum {
		c.fails(path, "minimum")
	}
	if n.Maximum != nil && f > *n.Maximum {
		c.fails(path, "maximum")
	}
}

// combined checks a value against several schemas at once.
func (c *checker) combined(n *node, v any, path string) {
	suits := func(list []*node) int {
		return len(filter(list, func(n *node) bool {
			try := &checker{schema: c.schema}
			try.check(n, v, path)
			return len(try.wrong) == 0
		}))
	}
	for _, part := range n.AllOf {
		c.check(part, v, path)
	}
	if len(n.AnyOf) > 0 && suits(n.AnyOf) == 0 {
		c.say(path, "#: no subschema matched out of the total %d subschemas", len(n.AnyOf))
	}
	if len(n.OneOf) > 0 {
		if k := suits(n.OneOf); k != 1 {
			c.say(path, "#: %d subschemas matched instead of one", k)
		}
	}
}

// later says whether a value is not known yet, or is resolved only when it is used.
func later(v any) bool {
	switch v := v.(type) {
	case template.Unknown:
		return true
	case string:
		return strings.Contains(v, "{{resolve:")
	}
	return false
}

// names are the types in the words of the messages.
var names = map[string]string{"string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean", "array": "JSONArray",
	"object": "JSONObject", "null": "Null"}

// is says whether a value is of a type. What is no list and no object may be written as another.
func is(v any, kind string) bool {
	switch v := v.(type) {
	case map[string]any:
		return kind == "object"
	case []any:
		return kind == "array"
	case nil:
		return kind == "null"
	default:
		text := resource.Text(v)
		switch kind {
		case "string":
			return true
		case "boolean":
			return strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
		case "number":
			_, err := strconv.ParseFloat(text, 64)
			return err == nil
		case "integer":
			f, err := strconv.ParseFloat(text, 64)
			return err == nil && f == float64(int64(f))
		}
		return false
	}
}

func found(v any) string {
	switch v.(type) {
	case map[string]any:
		return "JSONObject"
	case []any:
		return "JSONArray"
	case bool:
		return "Boolean"
	case json.Number, int, float64:
		return "Number"
	case nil:
		return "Null"
	}
	return "String"
}

var patterns sync.Map // pattern -> *regexp.Regexp, nil for what RE2 cannot express

func compiled(pattern string) *regexp.Regexp {
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp)
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		re = nil
	}
	patterns.Store(pattern, re)
	return re
}

func filter[T any](list []T, keep func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(list), func(e T) bool { return !keep(e) })
}
