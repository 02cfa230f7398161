package learn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Kind is what values a hyperparameter has.
type Kind int

// Kinds. A Number may lie anywhere between its bounds, an Integer on whole numbers; a Choice is one of a few words.
const (
	Integer Kind = iota
	Number
	Choice
	Text
)

// Hyperparameter is one setting of an algorithm as AWS documents it.
type Hyperparameter struct {
	Name     string
	Kind     Kind
	Required bool
	Default  string
	Min, Max float64  // both allowed, unless Open; Max 0 means none
	Open     bool     // Min itself is not allowed
	Words    []string // of a Choice; or what a number may be instead, such as "auto"
}

// Values are checked hyperparameters, defaults filled in.
type Values struct{ values map[string]string }

// Check checks what was given against the hyperparameters of an algorithm. Names that begin with _ are SageMaker's own
// (_tuning_objective_metric) and let through.
func Check(known []Hyperparameter, given map[string]string) (Values, error) {
	v := Values{values: map[string]string{}}
	var missing []string
	left := maps.Clone(given)
	for _, h := range known {
		s, ok := given[h.Name]
		delete(left, h.Name)
		switch {
		case !ok && h.Required:
			missing = append(missing, "'"+h.Name+"'")
			continue
		case !ok:
			s = h.Default
		default:
			s = strings.TrimSpace(s)
			if !h.allows(s) {
				return v, ClientErrorf("The value '%s' is not valid for the '%s' hyperparameter which expects %s (caused by ValidationError)", s, h.Name, h.expects())
			}
		}
		v.values[h.Name] = s
	}
	for name := range left {
		if strings.HasPrefix(name, "_") {
			delete(left, name)
		}
	}
	if len(left) > 0 {
		return v, ClientErrorf("Additional hyperparameters are not allowed ('%s' %s unexpected) (caused by ValidationError)",
			strings.Join(slices.Sorted(maps.Keys(left)), "', '"), plural(len(left)))
	}
	if len(missing) > 0 {
		return v, ClientErrorf("No value(s) were specified for %s which are required hyperparameter(s) (caused by ValidationError)", strings.Join(missing, ", "))
	}
	return v, nil
}

func plural(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func (h Hyperparameter) allows(s string) bool {
	if slices.Contains(h.Words, s) {
		return true
	}
	switch h.Kind {
	case Text:
		return true
	case Choice:
		return slices.ContainsFunc(h.Words, func(w string) bool { return boolean(w) && strings.EqualFold(w, s) })
	case Integer:
		if _, err := strconv.ParseInt(s, 10, 64); err != nil {
			return false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) && f >= h.Min && (!h.Open || f > h.Min) && (h.Max == 0 || f <= h.Max)
}

func boolean(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

func (h Hyperparameter) expects() string {
	var of []string
	for _, w := range h.Words {
		of = append(of, "'"+w+"'")
	}
	what := "a number"
	if h.Kind == Integer {
		what = "an integer"
	}
	if h.Kind == Integer || h.Kind == Number {
		switch {
		case h.Open:
			what += fmt.Sprintf(" above %v", h.Min)
		case h.Min > -math.MaxFloat32:
			what += fmt.Sprintf(" from %v", h.Min)
		}
		if h.Max != 0 {
			what += fmt.Sprintf(" to %v", h.Max)
		}
		of = append(of, what)
	}
	if len(of) == 1 {
		return of[0]
	}
	return "one of the following: " + strings.Join(of, ", ")
}

// Text is a value as it was given.
func (v Values) Text(name string) string { return v.values[name] }

// Auto tells whether a value is the word auto.
func (v Values) Auto(name string) bool { return v.values[name] == "auto" }

// Int is a whole number, at most the largest of 32 bits; 0 for a word.
func (v Values) Int(name string) int {
	n, err := strconv.ParseInt(v.values[name], 10, 64)
	if err != nil {
		return 0
	}
	return int(min(n, math.MaxInt32))
}

// Float is a number, 0 for a word.
func (v Values) Float(name string) float64 {
	f, err := strconv.ParseFloat(v.values[name], 64)
	if err != nil {
		return 0
	}
	return f
}

// Bool tells whether a value is true, True or TRUE.
func (v Values) Bool(name string) bool { return strings.EqualFold(v.values[name], "true") }
