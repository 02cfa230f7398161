package blueprint

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parameter is one of a template.
type Parameter struct {
	Name, Group  string
	Type         string   `yaml:"Type"`
	About        string   `yaml:"Description"`
	Default      *string  `yaml:"Default"`
	Allowed      []string `yaml:"AllowedValues"`
	Pattern      string   `yaml:"AllowedPattern"`
	Constraint   string   `yaml:"ConstraintDescription"`
	Least        *float64 `yaml:"MinValue"`
	Most         *float64 `yaml:"MaxValue"`
	Short        *int     `yaml:"MinLength"`
	Long         *int     `yaml:"MaxLength"`
	Confidential bool     `yaml:"NoEcho"`
}

// Parameters are those of a template, in the order of its groups.
func Parameters(template string) (list []Parameter, err error) {
	var doc struct {
		Parameters map[string]Parameter `yaml:"Parameters"`
		Metadata   struct {
			Interface struct {
				Groups []struct {
					Label struct {
						Default string `yaml:"default"`
					} `yaml:"Label"`
					Parameters []string `yaml:"Parameters"`
				} `yaml:"ParameterGroups"`
			} `yaml:"AWS::CloudFormation::Interface"`
		} `yaml:"Metadata"`
	}
	if err := yaml.Unmarshal([]byte(template), &doc); err != nil {
		return nil, fmt.Errorf("cannot read the template: %w", err)
	}
	for _, g := range doc.Metadata.Interface.Groups {
		for _, name := range g.Parameters {
			p, ok := doc.Parameters[name]
			if !ok {
				return nil, fmt.Errorf("cannot read the template: the group %s names no parameter with %s", g.Label.Default, name)
			}
			p.Name, p.Group = name, g.Label.Default
			list = append(list, p)
			delete(doc.Parameters, name)
		}
	}
	for name := range doc.Parameters {
		return nil, fmt.Errorf("cannot read the template: %s is in no group", name)
	}
	return list, nil
}

// Description is a template's.
func Description(template string) (string, error) {
	var doc struct {
		Description string `yaml:"Description"`
	}
	if err := yaml.Unmarshal([]byte(template), &doc); err != nil {
		return "", fmt.Errorf("cannot read the template: %w", err)
	}
	return strings.TrimSpace(doc.Description), nil
}

// Check says what is wrong with a value, in a word for people.
func (p Parameter) Check(value string) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%s %s", p.Name, fmt.Sprintf(format, args...))
	}
	if len(p.Allowed) > 0 && !slices.Contains(p.Allowed, value) {
		return wrong("must be one of %s, not %q", strings.Join(p.Allowed, ", "), value)
	}
	if p.Pattern != "" {
		r, err := regexp.Compile("^(?:" + p.Pattern + ")$")
		if err != nil {
			return wrong("has a pattern that cannot be read: %v", err)
		}
		if !r.MatchString(value) {
			if p.Constraint != "" {
				return wrong("%s, not %q", p.Constraint, value)
			}
			return wrong("must match %s, not %q", p.Pattern, value)
		}
	}
	if p.Short != nil && len(value) < *p.Short || p.Long != nil && len(value) > *p.Long {
		if value == "" {
			return wrong("must be given")
		}
		return wrong("has the wrong length: %q", value)
	}
	if p.Type == "Number" {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return wrong("must be a number, not %q", value)
		}
		if p.Least != nil && n < *p.Least || p.Most != nil && n > *p.Most {
			return wrong("must be from %v to %v, not %s", bound(p.Least), bound(p.Most), value)
		}
	}
	return nil
}

func bound(f *float64) string {
	if f == nil {
		return "any number"
	}
	return strconv.FormatFloat(*f, 'f', -1, 64)
}

// Check says all that is wrong with what was given: names that the template has not, values that it does not take, and values that are
// missing. What the choice of a model needs besides, the template's rules say.
func Check(list []Parameter, given map[string]string) error {
	var wrong []error
	known := map[string]bool{}
	for _, p := range list {
		known[p.Name] = true
		value, ok := given[p.Name]
		if !ok && p.Default == nil {
			wrong = append(wrong, fmt.Errorf("%s must be given", p.Name))
			continue
		}
		if ok {
			if err := p.Check(value); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	for name := range given {
		if !known[name] {
			wrong = append(wrong, fmt.Errorf("there is no parameter %s", name))
		}
	}
	slices.SortStableFunc(wrong, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(wrong...)
}

// ReadFile reads parameters from YAML or JSON: names and values, lists, and objects whose path of names is a parameter's name
// (VPCConfig: {UseExisting: true} is VPCConfigUseExisting). Where the whole path is none its end counts (SageMakerConfig: {InstanceType: …}).
// The list of objects with ParameterKey and ParameterValue that the AWS CLI takes is read too.
func ReadFile(content []byte, list []Parameter) (map[string]string, error) {
	var doc any
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("cannot read the parameters: %w", err)
	}
	known, out := map[string]bool{}, map[string]string{}
	for _, p := range list {
		known[p.Name] = true
	}
	if items, ok := doc.([]any); ok {
		for _, i := range items {
			m, _ := i.(map[string]any)
			key, ok := m["ParameterKey"].(string)
			if !ok {
				return nil, errors.New("cannot read the parameters: an item of the list has no ParameterKey")
			}
			out[key] = scalar(m["ParameterValue"])
		}
		return out, nil
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return nil, errors.New("cannot read the parameters: they are no object")
	}
	return out, flatten(m, nil, known, out)
}

func flatten(m map[string]any, path []string, known map[string]bool, out map[string]string) error {
	for key, v := range m {
		at := append(slices.Clone(path), key)
		if inner, ok := v.(map[string]any); ok {
			if err := flatten(inner, at, known, out); err != nil {
				return err
			}
			continue
		}
		name := ""
		for i := range at {
			if n := strings.Join(at[i:], ""); known[n] {
				name = n
				break
			}
		}
		if name == "" {
			return fmt.Errorf("there is no parameter %s", strings.Join(at, "."))
		}
		out[name] = scalar(v)
	}
	return nil
}

func scalar(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, scalar(x))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}
