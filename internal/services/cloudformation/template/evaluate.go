package template

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxSpent bounds what one evaluation makes, in nodes and bytes of text: functions within functions could double a text at every level.
const maxSpent = 8 << 20

// noValue is what Ref AWS::NoValue gives: what holds it is left out.
type noValue struct{}

// evaluator gives functions their values.
type evaluator struct {
	ctx    context.Context
	m      *model
	env    *Env
	states States
	// static looks at a template without parameters: nothing has a value, both branches of each Fn::If are looked at, and only what is
	// wrong in any case is an error.
	static bool
	values map[string]any             // the parameters'
	decide func(string) (bool, error) // conditions
	active func(resource string) bool // whether a resource is there
	within string                     // the section that is looked at
	rules  bool                       // the functions of rules may be used
	pure   error                      // what to say of what is known only after resources are; nil when they may be used
	miss   map[string]bool            // names that nothing has
	spent  int
}

// functions are those with a short form.
var functions = map[string]bool{"Fn::Base64": true, "Fn::Cidr": true, "Fn::FindInMap": true, "Fn::GetAtt": true, "Fn::GetAZs": true,
	"Fn::ImportValue": true, "Fn::Join": true, "Fn::Select": true, "Fn::Split": true, "Fn::Sub": true, "Fn::Transform": true, "Fn::If": true,
	"Fn::And": true, "Fn::Or": true, "Fn::Not": true, "Fn::Equals": true, "Fn::Length": true, "Fn::ToJsonString": true,
	"Fn::Contains": true, "Fn::EachMemberEquals": true, "Fn::EachMemberIn": true, "Fn::RefAll": true, "Fn::ValueOf": true, "Fn::ValueOfAll": true}

const supported = "[Fn::Base64, Fn::GetAtt, Fn::GetAZs, Fn::ImportValue, Fn::Join, Fn::Split, Fn::FindInMap, Fn::Select, Ref, Fn::Equals, Fn::If, " +
	"Fn::Not, Condition, Fn::And, Fn::Or, Fn::Contains, Fn::EachMemberEquals, Fn::EachMemberIn, Fn::ValueOf, Fn::ValueOfAll, Fn::RefAll, Fn::Sub, Fn::Cidr]"

// call is the function that a value calls.
func call(v any) (name string, arg any, ok bool) {
	m, _ := v.(map[string]any)
	if len(m) != 1 {
		return "", nil, false
	}
	for k, a := range m {
		if k == "Ref" || strings.HasPrefix(k, "Fn::") {
			return k, a, true
		}
	}
	return "", nil, false
}

// value resolves v. What holds AWS::NoValue is left out; v itself may come out as noValue.
func (e *evaluator) value(v any) (any, error) {
	if err := e.spend(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := call(v); ok {
			return e.call(name, arg)
		}
		out := make(map[string]any, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			r, err := e.value(v[k])
			if err != nil {
				return nil, err
			}
			if r != (noValue{}) {
				out[k] = r
			}
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, x := range v {
			r, err := e.value(x)
			if err != nil {
				return nil, err
			}
			if r != (noValue{}) {
				out = append(out, r)
			}
		}
		return out, nil
	}
	return v, nil
}

func (e *evaluator) call(name string, arg any) (any, error) {
	switch name {
	case "Ref":
		return e.ref(arg)
	case "Fn::GetAtt":
		return e.getAtt(arg)
	case "Fn::Sub":
		return e.sub(arg)
	case "Fn::Join":
		return e.join(arg)
	case "Fn::Split":
		return e.split(arg)
	case "Fn::Select":
		return e.pick(arg)
	case "Fn::If":
		return e.branch(arg)
	case "Fn::FindInMap":
		return e.findInMap(arg)
	case "Fn::Base64":
		return e.base64(arg)
	case "Fn::Cidr":
		return e.cidr(arg)
	case "Fn::GetAZs":
		return e.zones(arg)
	case "Fn::ImportValue":
		return e.importValue(arg)
	case "Fn::Transform":
		if e.static {
			return Unknown{}, nil
		}
	case "Fn::Length":
		if e.m.extended {
			return e.length(arg)
		}
	case "Fn::ToJsonString":
		if e.m.extended {
			return e.toJSON(arg)
		}
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals":
		return nil, errorf("Template error: %s cannot be partially collapsed", name)
	case "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll":
		if e.rules {
			return e.ruleValue(name, arg)
		}
	}
	return nil, errorf("Template error: Encountered unsupported function: %s Supported functions are: %s", name, supported)
}

func (e *evaluator) spend(n int) error {
	if e.spent += n; e.spent > maxSpent {
		return errorf("Template error: the template's values are too large")
	}
	return nil
}

// late is an error that depends on values: when looked at statically the branch may never be taken.
func (e *evaluator) late(err error) (any, error) {
	if e.static {
		return Unknown{}, nil
	}
	return nil, err
}

// word resolves an argument that must come out as text. Functions are taken only where they may stand.
func (e *evaluator) word(v any, functions bool, wrong error) (s string, known bool, err error) {
	if _, _, calls := call(v); calls {
		if !functions {
			return "", false, wrong
		}
		if v, err = e.value(v); err != nil {
			return "", false, err
		}
		if v == (Unknown{}) {
			return "", false, nil
		}
	}
	s, ok := plain(v)
	if !ok {
		return "", false, wrong
	}
	return s, true, nil
}

// plain is a scalar as text.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// Uncertain says whether v holds anything that is not known yet.
func Uncertain(v any) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case []any:
		return slices.ContainsFunc(v, Uncertain)
	case map[string]any:
		for _, x := range v {
			if Uncertain(x) {
				return true
			}
		}
	}
	return false
}
