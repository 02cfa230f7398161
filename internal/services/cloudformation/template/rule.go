package template

import (
	"maps"
	"slices"
)

// assert holds the parameters against the template's rules.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
func (e *evaluator) assert() error {
	for _, name := range slices.Sorted(maps.Keys(e.m.rules)) {
		rule, ok := e.m.rules[name].(map[string]any)
		if !ok {
			return errorf("Template format error: Every Rules member %s must be a map", name)
		}
		for k := range rule {
			if k != "RuleCondition" && k != "Assertions" {
				return errorf("Invalid template rule property '%s'", k)
			}
		}
		if when, has := rule["RuleCondition"]; has {
			if holds, err := e.condition(when); err != nil || !holds && !e.static {
				if err != nil {
					return err
				}
				continue
			}
		}
		list, ok := rule["Assertions"].([]any)
		if !ok || len(list) == 0 {
			return errorf("Template format error: Every Rules member must contain Assertions. (%s)", name)
		}
		for _, a := range list {
			if err := e.assertion(name, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *evaluator) assertion(rule string, v any) error {
	a, _ := v.(map[string]any)
	what, ok := a["Assert"]
	if !ok {
		return errorf("Template format error: Every Assertions member of %s must contain Assert.", rule)
	}
	holds, err := e.condition(what)
	if err != nil || holds || e.static {
		return err
	}
	if says, _ := a["AssertDescription"].(string); says != "" {
		return &Error{says}
	}
	return errorf("Template error: an assertion of rule %s is not met", rule)
}

// membership decides the functions that rules have besides those of conditions.
func (e *evaluator) membership(name string, arg any) (bool, error) {
	pair, ok := arg.([]any)
	if !ok || len(pair) != 2 {
		return false, errorf("Template error: every %s object requires two parameters.", name)
	}
	left, err := e.value(pair[0])
	if err != nil {
		return false, err
	}
	right, err := e.value(pair[1])
	if err != nil || e.static {
		return false, err
	}
	list, ok := left.([]any)
	if !ok {
		return false, errorf("Template error: the first parameter of every %s object must be a list of strings.", name)
	}
	switch name {
	case "Fn::Contains":
		return contains(list, right), nil
	case "Fn::EachMemberEquals":
		return !slices.ContainsFunc(list, func(v any) bool { return !alike(v, right) }), nil
	}
	among, ok := right.([]any)
	if !ok {
		return false, errorf("Template error: the second parameter of every %s object must be a list of strings.", name)
	}
	return !slices.ContainsFunc(list, func(v any) bool { return !contains(among, v) }), nil
}

func contains(list []any, v any) bool {
	return slices.ContainsFunc(list, func(x any) bool { return alike(x, v) })
}

// ruleValue gives the functions that look at resources of EC2 and Route 53, of which there are none here.
func (e *evaluator) ruleValue(name string, arg any) (any, error) {
	switch name {
	case "Fn::RefAll":
		if _, ok := arg.(string); ok {
			return []any{}, nil
		}
	default:
		if pair, ok := arg.([]any); ok && len(pair) == 2 {
			return []any{}, nil
		}
	}
	return nil, errorf("Template error: every %s object requires the name of a parameter or parameter type, and an attribute.", name)
}
