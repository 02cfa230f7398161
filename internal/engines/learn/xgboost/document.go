package xgboost

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A document is a model as it is written: objects, and below them strings, numbers (float64), bools, nil, lists. A list of numbers
// alone is a []float64, any other a []any.
type object map[string]any

const (
	maxDepth  = 64
	maxString = 1 << 24
)

var errDeep = errors.New("it is nested too deeply")

// parseDocument reads JSON or UBJ, whichever it is.
func parseDocument(b []byte) (object, error) {
	trimmed := bytes.TrimLeft(b, " \t\r\n")
	if len(trimmed) < 2 || trimmed[0] != '{' {
		return nil, errors.New("it is neither JSON nor UBJ: save it with Booster.save_model as .json or .ubj")
	}
	var v any
	var err error
	if c := trimmed[1]; c == '"' || c == '}' || c == ' ' || c == '\t' || c == '\r' || c == '\n' {
		v, err = parseJSON(trimmed)
	} else {
		v, err = parseUBJ(trimmed)
	}
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, errors.New("it is no object")
	}
	return o, nil
}

// list gathers the elements of a list.
type list struct {
	numbers []float64
	others  []any
}

func (l *list) add(v any) {
	f, ok := v.(float64)
	if ok && l.others == nil {
		l.numbers = append(l.numbers, f)
		return
	}
	if l.others == nil {
		l.others = make([]any, 0, len(l.numbers)+1)
		for _, n := range l.numbers {
			l.others = append(l.others, n)
		}
		l.numbers = nil
	}
	l.others = append(l.others, v)
}

func (l *list) value() any {
	if l.others != nil {
		return l.others
	}
	return l.numbers
}

// The methods below read a document leniently: what is missing is empty; what is of another kind is too, and is found out by the
// lengths that then don't fit.

func (o object) object(key string) object {
	v, _ := o[key].(object)
	return v
}

func (o object) text(key string) string {
	v, _ := o[key].(string)
	return v
}

func (o object) numbers(key string) []float64 {
	switch v := o[key].(type) {
	case []float64:
		return v
	case []any: // of bools, as older versions wrote default_left
		out := make([]float64, len(v))
		for i, e := range v {
			if b, ok := e.(bool); ok && b {
				out[i] = 1
			}
		}
		return out
	}
	return nil
}

func (o object) list(key string) []any {
	v, _ := o[key].([]any)
	return v
}

// count reads a parameter, which XGBoost writes as a string.
func (o object) count(key string, most int) (int, error) {
	switch v := o[key].(type) {
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(v))
		if err != nil || n < 0 || n > most {
			return 0, fmt.Errorf("%s is %.40q, out of range", key, v)
		}
		return n, nil
	case float64:
		if v < 0 || v > float64(most) || v != math.Trunc(v) {
			return 0, fmt.Errorf("%s is %v, out of range", key, v)
		}
		return int(v), nil
	}
	return 0, nil
}

// floats reads a parameter of one number or, since XGBoost 3.1, of several: "5E-1", "[1E0,2E0]".
func (o object) floats(key string) ([]float32, error) {
	var out []float32
	for field := range strings.SplitSeq(strings.Trim(o.text(key), "[]() \n"), ",") {
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		f, err := strconv.ParseFloat(field, 32)
		if err != nil {
			return nil, fmt.Errorf("%s has %.40q, which is no number", key, field)
		}
		out = append(out, float32(f))
	}
	return out, nil
}
