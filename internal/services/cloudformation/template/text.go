package template

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
)

var (
	errSub = &Error{"Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and " +
		"an optional second argument to specify a mapping of values to replace in the string"}
	errSubName = &Error{"Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons"}
	errJoin    = &Error{"Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a " +
		"function that returns a list of strings (such as Fn::GetAZs) to be joined."}
	errSplit = &Error{"Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function " +
		"that returns a string to be split."}
	errBase64 = &Error{"Template error: every Fn::Base64 object must have a String-typed value."}
)

var (
	variable     = regexp.MustCompile(`\$\{([^}]*)\}`)
	variableName = regexp.MustCompile(`^[A-Za-z0-9_.:]+$`)
)

func (e *evaluator) sub(arg any) (any, error) {
	format, ok := arg.(string)
	var given map[string]any
	if list, many := arg.([]any); many && len(list) == 2 {
		format, ok = list[0].(string)
		if given, many = list[1].(map[string]any); !many || !ok {
			return nil, errSub
		}
		if _, _, calls := call(given); calls {
			return nil, errSub
		}
	}
	if !ok {
		return nil, errSub
	}
	own, err := e.variables(given)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	rest, known := format, true
	for {
		at := variable.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		name := rest[at[2]:at[3]]
		b.WriteString(rest[:at[0]])
		rest = rest[at[1]:]
		if literal, is := strings.CutPrefix(name, "!"); is {
			b.WriteString("${" + literal + "}")
			continue
		}
		if !variableName.MatchString(name) {
			return nil, errSubName
		}
		s, is, err := e.variable(name, own)
		if err != nil {
			return nil, err
		}
		if err := e.spend(len(s)); err != nil {
			return nil, err
		}
		known = known && is
		b.WriteString(s)
	}
	if !known {
		return Unknown{}, nil
	}
	b.WriteString(rest)
	return b.String(), e.spend(len(rest))
}

func (e *evaluator) variables(given map[string]any) (map[string]any, error) {
	v, err := e.value(given)
	if err != nil {
		return nil, err
	}
	own, _ := v.(map[string]any)
	for name := range own {
		if !variableName.MatchString(name) {
			return nil, errSubName
		}
	}
	return own, nil
}

// variable is what stands in a text for ${name}.
func (e *evaluator) variable(name string, own map[string]any) (s string, known bool, err error) {
	v, has := own[name]
	if !has {
		if id, attribute, dotted := strings.Cut(name, "."); dotted {
			if !e.there(id) && e.pure == nil && !e.early() {
				return "", false, errorf("Template error: instance of Fn::Sub references invalid resource attribute %s", name)
			}
			v, err = e.getAtt([]any{id, attribute})
		} else {
			v, err = e.named(name)
		}
		if err != nil {
			return "", false, err
		}
	}
	if v == (Unknown{}) {
		return "", false, nil
	}
	if v == (noValue{}) {
		return "", true, nil
	}
	s, ok := plain(v)
	if !ok {
		return "", false, errSub
	}
	return s, true, nil
}

func (e *evaluator) join(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return nil, errJoin
	}
	delimiter, known, err := e.word(list[0], e.m.extended, errJoin)
	if err != nil {
		return nil, err
	}
	v, err := e.value(list[1])
	if err != nil {
		return nil, err
	}
	if v == (Unknown{}) {
		return v, nil
	}
	items, ok := v.([]any)
	if !ok {
		return nil, errJoin
	}
	var b strings.Builder
	for i, item := range items {
		if item == (Unknown{}) {
			known = false
			continue
		}
		s, ok := plain(item)
		if !ok {
			return nil, errJoin
		}
		if err := e.spend(len(s) + len(delimiter)); err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(delimiter)
		}
		b.WriteString(s)
	}
	if !known {
		return Unknown{}, nil
	}
	return b.String(), nil
}

func (e *evaluator) split(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return nil, errSplit
	}
	delimiter, known, err := e.word(list[0], e.m.extended, errSplit)
	if err != nil {
		return nil, err
	}
	s, said, err := e.word(list[1], true, errSplit)
	if err != nil || !known || !said {
		return Unknown{}, err
	}
	if delimiter == "" {
		return nil, errSplit
	}
	parts := strings.Split(s, delimiter)
	if err := e.spend(len(parts) + len(s)); err != nil {
		return nil, err
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out, nil
}

func (e *evaluator) base64(arg any) (any, error) {
	s, known, err := e.word(arg, true, errBase64)
	if err != nil || !known {
		return Unknown{}, err
	}
	out := base64.StdEncoding.EncodeToString([]byte(s))
	return out, e.spend(len(out))
}

func (e *evaluator) toJSON(arg any) (any, error) {
	switch arg.(type) {
	case map[string]any, []any:
	default:
		return nil, errorf("%sFn::ToJsonString layout is incorrect", extensionsFailed)
	}
	v, err := e.value(arg)
	if err != nil || Uncertain(v) {
		return Unknown{}, err
	}
	b, err := jsonText(v)
	if err != nil {
		return nil, err
	}
	return string(b), e.spend(len(b))
}

// jsonText is v as JSON without escapes for HTML.
func jsonText(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
