package template

import "slices"

// condition decides a condition. Statically it only looks.
func (e *evaluator) condition(v any) (bool, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		if b, is := v.(bool); is {
			return b, nil
		}
		return false, errorf("Template format error: Every Conditions member must be a function.")
	}
	for name, arg := range m {
		switch name {
		case "Condition":
			s, _ := arg.(string)
			if _, ok := e.m.conditions[s]; !ok {
				return false, errorf("Template format error: Unresolved condition dependency %s in the Conditions block of the template", s)
			}
			if e.static {
				return false, nil
			}
			return e.decide(s)
		case "Fn::Not":
			list, ok := arg.([]any)
			if !ok || len(list) != 1 {
				return false, errorf("Template error: every Fn::Not object requires one boolean parameter.")
			}
			b, err := e.condition(list[0])
			return !b, err
		case "Fn::And", "Fn::Or":
			return e.several(name, arg)
		case "Fn::Equals":
			return e.equals(arg)
		case "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
			if e.rules {
				return e.members(name, arg)
			}
		}
		return false, errorf("Template error: Encountered unsupported function: %s Supported functions are: %s", name, supported)
	}
	return false, nil
}

func (e *evaluator) several(name string, arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) < 2 || len(list) > 10 {
		return false, errorf("Template error: every %s object requires a list of at least 2 and at most 10 boolean parameters.", name)
	}
	out := name == "Fn::And"
	for _, x := range list {
		b, err := e.condition(x)
		if err != nil {
			return false, err
		}
		if name == "Fn::And" {
			out = out && b
		} else {
			out = out || b
		}
	}
	return out, nil
}

func (e *evaluator) equals(arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return false, errorf("Template error: every Fn::Equals object requires a list of 2 string parameters.")
	}
	within := e.within
	e.within = "Conditions"
	defer func() { e.within = within }()
	a, err := e.value(list[0])
	if err != nil {
		return false, err
	}
	b, err := e.value(list[1])
	return err == nil && alike(a, b), err
}

// alike compares as CloudFormation does: true is "true".
func alike(a, b any) bool {
	x, xok := plain(a)
	y, yok := plain(b)
	if xok || yok {
		return xok && yok && x == y
	}
	p, pok := a.([]any)
	q, qok := b.([]any)
	return pok && qok && slices.EqualFunc(p, q, alike)
}

// members are the functions of rules that look at lists.
func (e *evaluator) members(name string, arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return false, errorf("Template error: every %s object requires two parameters.", name)
	}
	a, err := e.value(list[0])
	if err != nil {
		return false, err
	}
	b, err := e.value(list[1])
	if err != nil || e.static {
		return false, err
	}
	first, _ := a.([]any)
	second, _ := b.([]any)
	in := func(list []any, v any) bool {
		return slices.ContainsFunc(list, func(x any) bool { return alike(x, v) })
	}
	switch name {
	case "Fn::Contains":
		return in(first, b), nil
	case "Fn::EachMemberEquals":
		return !slices.ContainsFunc(first, func(v any) bool { return !alike(v, b) }), nil
	}
	return !slices.ContainsFunc(first, func(v any) bool { return !in(second, v) }), nil
}

// ruleValue are the functions of rules that give values. What they ask of other services is not known.
func (e *evaluator) ruleValue(name string, _ any) (any, error) {
	return nil, errorf("Template error: %s is not implemented by Atelier", name)
}

// assert holds the rules.
func (e *evaluator) assert() error {
	for name, v := range e.m.rules {
		rule, ok := v.(map[string]any)
		if !ok {
			return errorf("Template format error: Rule %s must be an object.", name)
		}
		if c, has := rule["RuleCondition"]; has {
			holds, err := e.condition(c)
			if err != nil {
				return err
			}
			if !holds {
				continue
			}
		}
		list, ok := rule["Assertions"].([]any)
		if !ok {
			return errorf("Template format error: Rule %s must have Assertions.", name)
		}
		for _, v := range list {
			a, _ := v.(map[string]any)
			holds, err := e.condition(a["Assert"])
			if err != nil {
				return err
			}
			if !holds && !e.static {
				said, _ := a["AssertDescription"].(string)
				if said == "" {
					said = "The assertion does not hold."
				}
				return errorf("Rules error: [%s] %s", name, said)
			}
		}
	}
	return nil
}
