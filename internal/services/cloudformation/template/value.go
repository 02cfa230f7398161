package template

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrNoParameter is what Env.SSM says of a parameter that does not exist.
var ErrNoParameter = errors.New("no such parameter of Systems Manager")

// maxValue is the most that a parameter's value holds, in bytes.
const maxValue = 4096

// Value is a parameter's value in a Bound.
type Value struct {
	Parameter Parameter
	// Value is as given, or the default; of an AWS::SSM::Parameter::Value type the name of the parameter in SSM.
	Value string
	// Resolved is what SSM's parameter held; empty for other types.
	Resolved string
}

// parameters gives the template's parameters their values.
func (m *model) values(ctx context.Context, given map[string]string, env Env) ([]Value, error) {
	var strange, missing []string
	for name := range given {
		if m.parameters[name] == nil {
			strange = append(strange, name)
		}
	}
	if strange != nil {
		slices.Sort(strange)
		return nil, errorf("Parameters: [%s] do not exist in the template", strings.Join(strange, ", "))
	}
	var out []Value
	for _, name := range slices.Sorted(maps.Keys(m.parameters)) {
		p := m.parameters[name]
		v, ok := given[name]
		if !ok && p.Default != nil {
			v, ok = *p.Default, true
		}
		if !ok {
			missing = append(missing, name)
			continue
		}
		out = append(out, Value{Parameter: *p, Value: v})
	}
	if missing != nil {
		return nil, errorf("Parameters: [%s] must have values", strings.Join(missing, ", "))
	}
	for i := range out {
		if err := out[i].Parameter.check(out[i].Value); err != nil {
			return nil, err
		}
	}
	return out, fetch(ctx, out, env)
}

// fetch reads the values that SSM holds.
func fetch(ctx context.Context, values []Value, env Env) error {
	var missing []string
	for i := range values {
		p, v := &values[i].Parameter, &values[i]
		if !p.FromSSM() {
			continue
		}
		known, ok := env.Resolved[p.Name]
		if !ok {
			if env.SSM == nil {
				return errorf("Template format error: Parameter type %s is not supported", p.Type)
			}
			var err error
			known, err = env.SSM(ctx, v.Value)
			if errors.Is(err, ErrNoParameter) {
				missing = append(missing, v.Value)
				continue
			}
			if err != nil {
				return err
			}
		}
		v.Resolved = known
	}
	if missing != nil {
		return errorf("Unable to fetch parameters [%s] from parameter store for this account.", strings.Join(missing, ","))
	}
	return nil
}

// typed is the value as Ref gives it.
func (v *Value) typed() any {
	s := v.Value
	if v.Parameter.FromSSM() {
		s = v.Resolved
	}
	if !v.Parameter.List() {
		return s
	}
	list := []any{}
	for _, part := range elements(s) {
		list = append(list, part)
	}
	return list
}

func elements(s string) []string {
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// check holds a value against the parameter's constraints; each member of a list by itself. They do not bind what SSM holds.
func (p *Parameter) check(v string) error {
	if len(v) > maxValue {
		return errorf("Parameter '%s' must contain at most %d characters", p.Name, maxValue)
	}
	each := []string{v}
	if p.List() && !p.FromSSM() {
		each = elements(v)
	}
	for _, s := range each {
		why := p.fault(s)
		switch {
		case why == "":
		case p.ConstraintDescription != "":
			return errorf("Parameter %s failed to satisfy constraint: %s", p.Name, p.ConstraintDescription)
		default:
			return errorf("Parameter '%s' must %s", p.Name, why)
		}
	}
	return nil
}

// fault says what a value must be and is not.
func (p *Parameter) fault(s string) string {
	n := 0.0
	if p.number() {
		var err error
		if n, err = strconv.ParseFloat(s, 64); err != nil {
			return "be a number."
		}
	}
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, s) {
		return "be one of AllowedValues"
	}
	if p.AllowedPattern != "" {
		if re, err := pattern(p.AllowedPattern); err == nil && !re.MatchString(s) {
			return "match pattern " + p.AllowedPattern
		}
	}
	length := float64(utf8.RuneCountInString(s))
	switch {
	case !p.number() && p.MinLength != nil && length < bound(p.MinLength):
		return "contain at least " + *p.MinLength + " characters"
	case !p.number() && p.MaxLength != nil && length > bound(p.MaxLength):
		return "contain at most " + *p.MaxLength + " characters"
	case p.number() && p.MinValue != nil && n < bound(p.MinValue):
		return "be a number not less than " + *p.MinValue
	case p.number() && p.MaxValue != nil && n > bound(p.MaxValue):
		return "be a number not greater than " + *p.MaxValue
	}
	return ""
}

func bound(s *string) float64 {
	n, err := strconv.ParseFloat(*s, 64)
	if err != nil {
		return 0 // readParameter refuses it
	}
	return n
}

// pattern compiles an expression that must match all of a value. One of Java's that RE2 lacks constrains nothing.
func pattern(p string) (*regexp.Regexp, error) { return regexp.Compile(`^(?:` + p + `)$`) }
