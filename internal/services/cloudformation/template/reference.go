package template

import "strings"

var errRef = &Error{"Template error: every Ref object must have a single String value."}

var errGetAtt = &Error{"Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"}

func (e *evaluator) ref(arg any) (any, error) {
	name, known, err := e.word(arg, e.m.extended, errRef)
	if err != nil || !known {
		return Unknown{}, err
	}
	return e.named(name)
}

// named is the value of a parameter, a pseudo parameter or a resource.
func (e *evaluator) named(name string) (any, error) {
	if _, ok := e.m.parameters[name]; ok {
		if e.static {
			return Unknown{}, nil
		}
		return e.values[name], nil
	}
	if v, ok := e.pseudo(name); ok {
		return v, nil
	}
	if e.pure != nil {
		return nil, e.pure
	}
	if !e.there(name) || e.early() {
		return Unknown{}, e.unresolved(name)
	}
	return e.states.Ref(e.ctx, name)
}

func (e *evaluator) pseudo(name string) (any, bool) {
	if !strings.HasPrefix(name, "AWS::") {
		return nil, false
	}
	switch name {
	case "AWS::NoValue":
		return noValue{}, true
	case "AWS::AccountId", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region", "AWS::StackId", "AWS::StackName", "AWS::URLSuffix":
	default:
		return nil, false
	}
	if e.static {
		return Unknown{}, true
	}
	switch name {
	case "AWS::AccountId":
		return e.env.Account, true
	case "AWS::NotificationARNs":
		list := make([]any, 0, len(e.env.NotificationARNs))
		for _, a := range e.env.NotificationARNs {
			list = append(list, a)
		}
		return list, true
	case "AWS::Partition":
		return e.env.partition(), true
	case "AWS::Region":
		return e.env.Region, true
	case "AWS::StackId":
		return e.env.StackID, true
	case "AWS::StackName":
		return e.env.StackName, true
	}
	if e.env.partition() == "aws-cn" {
		return "amazonaws.com.cn", true
	}
	return "amazonaws.com", true
}

func (e *Env) partition() string {
	if e.Partition == "" {
		return "aws"
	}
	return e.Partition
}

func (e *evaluator) there(resource string) bool {
	_, ok := e.m.resources[resource]
	return ok && (e.active == nil || e.active(resource))
}

// early says that the section is looked at before there are resources.
func (e *evaluator) early() bool { return e.within == "Conditions" || e.within == "Rules" }

// unresolved notes a name that nothing has; the section's names are told together.
func (e *evaluator) unresolved(name string) error {
	if e.early() {
		return errorf("Template format error: Unresolved dependencies [%s]. Cannot reference resources in the %s block of the template", name, e.within)
	}
	e.miss[name] = true
	return nil
}

func (e *evaluator) getAtt(arg any) (any, error) {
	var parts []any
	switch a := arg.(type) {
	case string:
		id, attribute, _ := strings.Cut(a, ".")
		parts = []any{id, attribute}
	case []any:
		parts = a
	}
	if len(parts) != 2 {
		return nil, errGetAtt
	}
	id, known, err := e.word(parts[0], e.m.extended, errGetAtt)
	if err != nil {
		return nil, err
	}
	attribute, said, err := e.word(parts[1], true, errGetAtt)
	if err != nil {
		return nil, err
	}
	if known && id == "" || said && attribute == "" {
		return nil, errGetAtt
	}
	if e.pure != nil {
		return nil, e.pure
	}
	switch {
	case !known:
		return Unknown{}, nil
	case e.early():
		return nil, e.unresolved(id)
	case !e.there(id):
		return nil, errorf("Template error: instance of Fn::GetAtt references undefined resource %s", id)
	case !said:
		return e.states.Ref(e.ctx, id) // for what depends on it
	}
	return e.states.GetAtt(e.ctx, id, attribute)
}

var errImport = &Error{"Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs"}

func (e *evaluator) importValue(arg any) (any, error) {
	if e.pure != nil {
		return nil, e.pure
	}
	if e.early() {
		return nil, errorf("Template error: Cannot use Fn::ImportValue in %s.", e.within)
	}
	e.pure = errImport
	name, known, err := e.word(arg, true, &Error{"Template error: every Fn::ImportValue object must have a single String value."})
	e.pure = nil
	if err != nil || !known {
		return Unknown{}, err
	}
	return e.states.Import(e.ctx, name)
}
