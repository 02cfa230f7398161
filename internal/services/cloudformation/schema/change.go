package schema

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
)

// Replaces are the properties that differ between old and new and that cannot change without making the resource anew, sorted. Names are those at the
// top; a nested one ("Schema/Type" with slashes) stands where only a part of a property is so. What is Unknown on either side differs.
func (s *Schema) Replaces(old, now map[string]any) []string {
	return differing(s.root.CreateOnlyProperties, old, now)
}

// Conditional are those among the changed properties that may replace the resource, or not, as the schema says.
func (s *Schema) Conditional(old, now map[string]any) []string {
	return differing(s.root.ConditionalCreateOnlyProperties, old, now)
}

// Changed are the properties at the top that differ (5 is "5"), sorted.
func (s *Schema) Changed(old, now map[string]any) []string {
	all := maps.Clone(old)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, now)
	return filter(slices.Sorted(maps.Keys(all)), func(p string) bool { return differ(old[p], now[p]) })
}

func differing(pointers []string, old, now map[string]any) (names []string) {
	for _, p := range pointers {
		name := strings.TrimPrefix(p, "/properties/")
		path := strings.Split(name, "/")
		if differ(reach(old, path), reach(now, path)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// reach is what lies at a path, of which * is every element of a list; nil for nothing.
func reach(v any, path []string) any {
	if len(path) == 0 {
		return v
	}
	switch v := v.(type) {
	case template.Unknown:
		return v
	case map[string]any:
		if path[0] != "*" {
			return reach(v[path[0]], path[1:])
		}
	case []any:
		if path[0] == "*" {
			var all []any
			for _, e := range v {
				all = append(all, reach(e, path[1:]))
			}
			return all
		}
		if i, err := strconv.Atoi(path[0]); err == nil && i < len(v) {
			return reach(v[i], path[1:])
		}
	}
	return nil
}

func differ(old, now any) bool {
	return template.Uncertain(old) || template.Uncertain(now) || !resource.Same(old, now)
}

// MergeTags gives the properties with tags added to the property for tags, in its form (a map, or a list of Key and Value); a
// tag of the template's own goes before the stack's. Properties are not changed. A type without tags gives them back as they are.
func (s *Schema) MergeTags(properties map[string]any, tags map[string]string) map[string]any {
	if s.tags == "" || len(tags) == 0 {
		return properties
	}
	out := maps.Clone(properties)
	if out == nil {
		out = map[string]any{}
	}
	if n := s.at(s.root.Properties[s.tags]); !slices.Contains(n.Type, "array") {
		own, ok := out[s.tags].(map[string]any)
		if !ok && out[s.tags] != nil {
			return properties // JSON in a string, which is the template's own affair
		}
		all := map[string]any{}
		for k, v := range tags {
			all[k] = v
		}
		maps.Copy(all, own)
		out[s.tags] = all
		return out
	}
	own, _ := out[s.tags].([]any)
	all := slices.Clone(own)
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if !slices.ContainsFunc(own, func(e any) bool { m, ok := e.(map[string]any); return ok && resource.Text(m["Key"]) == k }) {
			all = append(all, map[string]any{"Key": k, "Value": tags[k]})
		}
	}
	out[s.tags] = all
	return out
}
