package featurestore

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Kind is the type of a feature's values.
type Kind string

// The kinds.
const (
	Integral   Kind = "Integral"
	Fractional Kind = "Fractional"
	String     Kind = "String"
)

// Definition is a feature of a group.
type Definition struct {
	Name string
	Kind Kind
	List bool   `json:",omitempty"` // a collection of values of Kind
	As   string `json:",omitempty"` // the collection's type: List, Set or Vector
	Size int32  `json:",omitempty"` // dimension of a vector
}

// Value is a feature's value as callers write it. A feature without a value is left out of a record.
type Value struct {
	Name string
	Text string
	List []string `json:",omitempty"`
}

// Check says what is wrong with a value for its feature.
func (d Definition) Check(v Value) error {
	switch {
	case d.List && v.List == nil:
		return fmt.Errorf("feature %s is a collection: give ValueAsStringList", d.Name)
	case !d.List && v.List != nil:
		return fmt.Errorf("feature %s is no collection: give ValueAsString", d.Name)
	case !d.List:
		return d.one(v.Text)
	case d.As == "Vector" && len(v.List) != int(d.Size):
		return fmt.Errorf("feature %s is a vector of %d values, not %d", d.Name, d.Size, len(v.List))
	}
	for _, text := range v.List {
		if err := d.one(text); err != nil {
			return err
		}
	}
	return nil
}

func (d Definition) one(text string) error {
	ok := true
	switch d.Kind {
	case Integral:
		_, err := strconv.ParseInt(text, 10, 64)
		ok = err == nil
	case Fractional:
		_, err := strconv.ParseFloat(text, 64)
		ok = err == nil
	}
	if !ok {
		return fmt.Errorf("feature %s is %s: %.100q is no such value", d.Name, d.Kind, text)
	}
	return nil
}

// errTime is what is no time of an event.
var errTime = errors.New("the time of the event must be a number of seconds since 1970, or have the form yyyy-MM-dd'T'HH:mm:ssZ or yyyy-MM-dd'T'HH:mm:ss.SSSZ")

// EventTime reads the time of an event: of a Fractional feature seconds since 1970, of a String feature as ISO 8601 in UTC. Years are
// 1 to 9999.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateFeatureGroup.html
func EventTime(kind Kind, text string) (time.Time, error) {
	t, err := eventTime(kind, text)
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errTime
	}
	return t, nil
}

func eventTime(kind Kind, text string) (time.Time, error) {
	if kind == String {
		if !strings.HasSuffix(text, "Z") || len(text) > len("2006-01-02T15:04:05.999999999Z") || strings.Contains(text, ",") {
			return time.Time{}, errTime
		}
		return time.Parse("2006-01-02T15:04:05Z", text)
	}
	whole, part, _ := strings.Cut(text, ".")
	if s, err := strconv.ParseInt(whole, 10, 64); err == nil && len(part) <= 9 { // exact, where a float is not
		n, err := strconv.ParseUint((part + "000000000")[:9], 10, 64)
		if err == nil {
			if strings.HasPrefix(whole, "-") {
				return time.Unix(s, -int64(n)).UTC(), nil
			}
			return time.Unix(s, int64(n)).UTC(), nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e12 {
		return time.Time{}, errTime
	}
	s, rest := math.Modf(f)
	return time.Unix(int64(s), int64(rest*1e9)).UTC(), nil
}
