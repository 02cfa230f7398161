package template

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parameter is what a template asks for.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type Parameter struct {
	Name, Type, Description string
	Default                 *string
	NoEcho                  bool
	AllowedValues           []string
	AllowedPattern          string
	ConstraintDescription   string
	MinLength, MaxLength    *string
	MinValue, MaxValue      *string
}

// Value is a parameter's value in a Bound.
type Value struct {
	Parameter Parameter
	// Value is as given, or the default; of an AWS::SSM::Parameter::Value type the name of the parameter in SSM.
	Value string
	// Resolved is what SSM's parameter held; empty for other types.
	Resolved string
}

// kinds are the types of parameters, beside those of AWS and of SSM.
var kinds = []string{"String", "Number", "List<Number>", "List<String>", "CommaDelimitedList"}

const stored = "AWS::SSM::Parameter::Value<"

// parametersOf reads the section Parameters, in order of the names.
func parametersOf(section any) (out []Parameter, err error) {
	if section == nil {
		return nil, nil
	}
	all, ok := section.(map[string]any)
	if !ok {
		return nil, errorf("Template format error: Parameters must be an object.")
	}
	if len(all) > maxParams {
		return nil, errorf("Template format error: Number of parameters, %d, is greater than maximum allowed, %d", len(all), maxParams)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m, ok := all[name].(map[string]any)
		if !ok || !alphanumeric(name) {
			return nil, errorf("Template format error: Parameter name %s is non alphanumeric or no object.", name)
		}
		p := Parameter{Name: name}
		for k, v := range m {
			s, scalar := plain(v)
			switch k {
			case "Type":
				p.Type = s
			case "Description":
				p.Description = s
			case "Default":
				if list, many := v.([]any); many {
					var parts []string
					for _, x := range list {
						part, _ := plain(x)
						parts = append(parts, part)
					}
					s, scalar = strings.Join(parts, ","), true
				}
				p.Default = &s
			case "NoEcho":
				p.NoEcho = strings.EqualFold(s, "true")
			case "AllowedPattern":
				p.AllowedPattern = s
			case "ConstraintDescription":
				p.ConstraintDescription = s
			case "MinLength":
				p.MinLength = &s
			case "MaxLength":
				p.MaxLength = &s
			case "MinValue":
				p.MinValue = &s
			case "MaxValue":
				p.MaxValue = &s
			case "AllowedValues":
				list, ok := v.([]any)
				if !ok {
					return nil, errorf("Template format error: Every AllowedValues value must be a list.")
				}
				for _, x := range list {
					text, _ := plain(x)
					p.AllowedValues = append(p.AllowedValues, text)
				}
				scalar = true
			default:
				return nil, errorf("Invalid template parameter property '%s'", k)
			}
			if !scalar {
				return nil, errorf("Template format error: Every %s member must be a string.", k)
			}
		}
		switch {
		case p.Type == "":
			return nil, errorf("Template format error: Every Parameters object must contain a Type member.")
		case !slices.Contains(kinds, p.Type) && !strings.HasPrefix(p.Type, "AWS::") && !strings.HasPrefix(p.Type, "List<AWS::"):
			return nil, errorf("Template format error: Unrecognized parameter type: %s", p.Type)
		}
		out = append(out, p)
	}
	return out, nil
}

// list tells whether a parameter's value is a list.
func (p *Parameter) list() bool {
	inner := strings.TrimPrefix(p.Type, stored)
	return strings.HasPrefix(inner, "List<") || strings.HasPrefix(inner, "CommaDelimitedList")
}

// check holds a value against the parameter's constraints.
func (p *Parameter) check(value string) error {
	fault := func(format string, args ...any) error {
		if p.ConstraintDescription != "" {
			return errorf("Parameter %s failed to satisfy constraint: %s", p.Name, p.ConstraintDescription)
		}
		return errorf(format, args...)
	}
	parts := []string{value}
	if p.list() {
		parts = split(value)
	}
	for _, v := range parts {
		if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, v) {
			return fault("Parameter '%s' must be one of AllowedValues", p.Name)
		}
		if p.AllowedPattern != "" {
			re, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$")
			if err == nil && !re.MatchString(v) {
				return fault("Parameter %s failed to satisfy constraint: Parameter '%s' must match pattern %s", p.Name, p.Name, p.AllowedPattern)
			}
		}
		if n, err := strconv.Atoi(textOf(p.MinLength)); err == nil && len([]rune(v)) < n {
			return fault("Parameter '%s' must contain at least %d characters", p.Name, n)
		}
		if n, err := strconv.Atoi(textOf(p.MaxLength)); err == nil && len([]rune(v)) > n {
			return fault("Parameter '%s' must contain at most %d characters", p.Name, n)
		}
		if !strings.Contains(p.Type, "Number") {
			continue
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return errorf("Parameter '%s' must be a number.", p.Name)
		}
		if least, err := strconv.ParseFloat(textOf(p.MinValue), 64); err == nil && f < least {
			return fault("Parameter '%s' must be a number not less than %s", p.Name, *p.MinValue)
		}
		if most, err := strconv.ParseFloat(textOf(p.MaxValue), 64); err == nil && f > most {
			return fault("Parameter '%s' must be a number not greater than %s", p.Name, *p.MaxValue)
		}
	}
	return nil
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// split cuts a list at its commas.
func split(value string) []string {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// typed is a value in the form that Ref gives.
func (p *Parameter) typed(value string) any {
	if !p.list() {
		return value
	}
	out := []any{}
	for _, v := range split(value) {
		out = append(out, v)
	}
	return out
}

// give gives the parameters their values.
func give(ctx context.Context, list []Parameter, given map[string]string, env *Env) (out []Value, byName map[string]any, err error) {
	byName = map[string]any{}
	var missing, unknown []string
	for name := range given {
		if !slices.ContainsFunc(list, func(p Parameter) bool { return p.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	for _, p := range list {
		value, has := given[p.Name]
		if !has && p.Default != nil {
			value, has = *p.Default, true
		}
		if !has {
			missing = append(missing, p.Name)
			continue
		}
		v := Value{Parameter: p, Value: value}
		out = append(out, v)
	}
	switch {
	case len(missing) > 0:
		return nil, nil, errorf("Parameters: [%s] must have values", strings.Join(missing, ", "))
	case len(unknown) > 0:
		slices.Sort(unknown)
		return nil, nil, errorf("Parameters: [%s] do not exist in the template", strings.Join(unknown, ", "))
	}
	for i := range out {
		v := &out[i]
		if err := v.Parameter.check(v.Value); err != nil {
			return nil, nil, err
		}
		use := v.Value
		if strings.HasPrefix(v.Parameter.Type, stored) {
			r, has := env.Resolved[v.Parameter.Name]
			if !has {
				if env.SSM == nil {
					return nil, nil, errorf("Parameters of type %s cannot be read here", v.Parameter.Type)
				}
				if r, err = env.SSM(ctx, v.Value); err != nil {
					return nil, nil, err
				}
			}
			v.Resolved, use = r, r
		}
		byName[v.Parameter.Name] = v.Parameter.typed(use)
	}
	return out, byName, nil
}
