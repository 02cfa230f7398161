package template

import (
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
	// MinLength and MaxLength are of strings in characters, MinValue and MaxValue of numbers; as written, nil without any.
	MinLength, MaxLength *string
	MinValue, MaxValue   *string
}

// List says whether the parameter's value is a list of values separated by commas.
func (p *Parameter) List() bool {
	t := p.inner()
	return t == "CommaDelimitedList" || strings.HasPrefix(t, "List<")
}

// FromSSM says whether the parameter's value is the name of a parameter of Systems Manager, which holds the value.
func (p *Parameter) FromSSM() bool { return strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value<") }

// inner is the type of the value itself.
func (p *Parameter) inner() string {
	if p.FromSSM() {
		return strings.TrimSuffix(strings.TrimPrefix(p.Type, "AWS::SSM::Parameter::Value<"), ">")
	}
	return p.Type
}

func (p *Parameter) number() bool { return p.Type == "Number" || p.Type == "List<Number>" }

// awsTypes are those of things that exist in an account. That they do is not checked.
var awsTypes = []string{"AWS::EC2::AvailabilityZone::Name", "AWS::EC2::Image::Id", "AWS::EC2::Instance::Id", "AWS::EC2::KeyPair::KeyName",
	"AWS::EC2::SecurityGroup::GroupName", "AWS::EC2::SecurityGroup::Id", "AWS::EC2::Subnet::Id", "AWS::EC2::VPC::Id", "AWS::EC2::Volume::Id",
	"AWS::Route53::HostedZone::Id"}

func knownType(t string) bool {
	if in, ok := strings.CutPrefix(t, "AWS::SSM::Parameter::Value<"); ok && strings.HasSuffix(in, ">") {
		in = strings.TrimSuffix(in, ">")
		return in == "String" || in == "CommaDelimitedList" || in == "List<String>" || awsType(in)
	}
	switch t {
	case "String", "Number", "CommaDelimitedList", "List<Number>", "List<String>", "AWS::SSM::Parameter::Name":
		return true
	}
	return awsType(t)
}

func awsType(t string) bool {
	if in, ok := strings.CutPrefix(t, "List<"); ok && strings.HasSuffix(in, ">") {
		t = strings.TrimSuffix(in, ">")
	}
	return slices.Contains(awsTypes, t)
}

var alphanumeric = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

func readParameters(root map[string]any) (map[string]*Parameter, error) {
	section, err := members(root, "Parameters", maxParams)
	if err != nil {
		return nil, err
	}
	out := map[string]*Parameter{}
	for _, name := range slices.Sorted(maps.Keys(section)) {
		if !alphanumeric.MatchString(name) {
			return nil, errorf("Template format error: Parameter name %s is non alphanumeric.", name)
		}
		m, ok := section[name].(map[string]any)
		if !ok {
			return nil, errorf("Template format error: Any Parameters member must be an object.")
		}
		if out[name], err = readParameter(name, m); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func readParameter(name string, m map[string]any) (*Parameter, error) {
	p := &Parameter{Name: name}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		text, ok := plain(m[k])
		switch k {
		case "Type":
			p.Type, ok = m[k].(string)
		case "Default":
			p.Default = &text
		case "Description":
			p.Description = text
		case "NoEcho":
			p.NoEcho = strings.EqualFold(text, "true")
		case "AllowedPattern":
			p.AllowedPattern = text
		case "ConstraintDescription":
			p.ConstraintDescription = text
		case "MinLength":
			p.MinLength = &text
		case "MaxLength":
			p.MaxLength = &text
		case "MinValue":
			p.MinValue = &text
		case "MaxValue":
			p.MaxValue = &text
		case "AllowedValues":
			list, is := m[k].([]any)
			if !is {
				return nil, errorf("Template format error: Every AllowedValues member must be a list.")
			}
			for _, v := range list {
				s, is := plain(v)
				if !is {
					return nil, errorf("Template format error: Every AllowedValues value must be a string.")
				}
				p.AllowedValues = append(p.AllowedValues, s)
			}
			ok = true
		default:
			return nil, errorf("Invalid template parameter property '%s'", k)
		}
		if !ok {
			return nil, errorf("Template format error: Every %s member must be a string.", k)
		}
	}
	if p.Type == "" {
		return nil, errorf("Template format error: Every Parameters object must contain a Type member.")
	}
	if !knownType(p.Type) {
		return nil, errorf("Template format error: Unrecognized parameter type: %s", p.Type)
	}
	for k, n := range map[string]*string{"MinLength": p.MinLength, "MaxLength": p.MaxLength, "MinValue": p.MinValue, "MaxValue": p.MaxValue} {
		if n != nil {
			if _, err := strconv.ParseFloat(*n, 64); err != nil {
				return nil, errorf("Template format error: %s of parameter %s must be a number.", k, name)
			}
		}
	}
	return p, nil
}
