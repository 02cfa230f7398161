package template

import (
	"maps"
	"slices"
)

// conditions decides a template's conditions, each when it is first asked for.
type conditions struct {
	decided map[string]bool
	doing   []string
	e       *evaluator
}

func (c *conditions) decide(name string) (bool, error) {
	if holds, ok := c.decided[name]; ok {
		return holds, nil
	}
	if i := slices.Index(c.doing, name); i >= 0 {
		return false, errorf("Template error: Found circular condition dependency between %s and %s", name, c.doing[len(c.doing)-1])
	}
	v, ok := c.e.m.conditions[name]
	if !ok {
		return false, errorf("Template format error: Unresolved condition dependency %s in the Conditions block of the template", name)
	}
	c.doing = append(c.doing, name)
	holds, err := c.e.condition(v)
	c.doing = c.doing[:len(c.doing)-1]
	if err != nil {
		return false, err
	}
	c.decided[name] = holds
	return holds, nil
}

// all decides every condition, in the order of their names.
func (c *conditions) all() (map[string]bool, error) {
	for _, name := range slices.Sorted(maps.Keys(c.e.m.conditions)) {
		if _, err := c.decide(name); err != nil {
			return nil, err
		}
	}
	return c.decided, nil
}

// condition decides what stands for a condition. Looked at statically nothing holds, and everything is looked at.
func (e *evaluator) condition(v any) (bool, error) {
	if err := e.spend(1); err != nil {
		return false, err
	}
	m, _ := v.(map[string]any)
	if len(m) == 1 {
		for name, arg := range m {
			switch name {
			case "Condition":
				other, ok := arg.(string)
				if !ok {
					return false, errorf("Template format error: Every Condition member must be a string.")
				}
				if e.rules {
					break // rules know no conditions
				}
				return e.decide(other)
			case "Fn::And", "Fn::Or":
				return e.several(name, arg)
			case "Fn::Not":
				list, ok := arg.([]any)
				if !ok || len(list) != 1 {
					return false, errorf("Template error: every Fn::Not object requires one boolean parameter.")
				}
				holds, err := e.condition(list[0])
				return !holds && !e.static, err
			case "Fn::Equals":
				return e.equals(arg)
			case "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
				if e.rules {
					return e.membership(name, arg)
				}
			}
		}
	}
	if e.rules {
		return false, errorf("Template format error: Every condition of a rule must be a function of rules that is true or false.")
	}
	return false, errorf("Template format error: Every Conditions member must be a condition function: Fn::And, Fn::Equals, Fn::Not, Fn::Or or Condition.")
}

func (e *evaluator) several(name string, arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) < 2 || len(list) > 10 {
		return false, errorf("Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters.", name)
	}
	and := name == "Fn::And"
	for _, v := range list {
		holds, err := e.condition(v)
		if err != nil {
			return false, err
		}
		if !e.static && holds != and {
			return holds, nil
		}
	}
	return and && !e.static, nil
}

var errEquals = &Error{"Template error: every Fn::Equals object requires a list of 2 string parameters."}

func (e *evaluator) equals(arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return false, errEquals
	}
	var sides [2]any
	for i, v := range list {
		r, err := e.value(v)
		if err != nil {
			return false, err
		}
		if m, is := r.(map[string]any); is && len(m) > 0 {
			return false, errEquals
		}
		sides[i] = r
	}
	return !Uncertain(sides[0]) && !Uncertain(sides[1]) && alike(sides[0], sides[1]), nil
}

// alike compares values as texts, lists member by member.
func alike(a, b any) bool {
	s, ok := plain(a)
	t, is := plain(b)
	if ok || is {
		return ok && is && s == t
	}
	x, ok := a.([]any)
	y, is := b.([]any)
	return ok && is && slices.EqualFunc(x, y, alike)
}
