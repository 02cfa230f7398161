package resource

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

type colour string

type part struct {
	Name *string
	Size int32
}

type tag struct{ Key, Value *string }

type input struct {
	Labels   []tag
	Name     *string
	Colour   colour
	Count    *int32
	Ratio    float64
	Enabled  *bool
	Policy   *string
	Parts    []part
	Inner    *part
	Tags     map[string]string
	Deadline *time.Time
	Zip      []byte
}

func ptr[T any](v T) *T { return &v }

func TestFill(t *testing.T) {
	f := func(properties string, want input) {
		t.Helper()
		d := json.NewDecoder(strings.NewReader(properties))
		d.UseNumber()
		var p map[string]any
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		var got input
		if err := Fill(&got, p, "Else"); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s gives %+v, not %+v", properties, got, want)
		}
	}
	f(`{}`, input{})
	f(`{"Name": 5, "Colour": "RED", "Count": "7", "Ratio": "0.5", "Enabled": "true"}`,
		input{Name: ptr("5"), Colour: "RED", Count: ptr(int32(7)), Ratio: 0.5, Enabled: ptr(true)})
	f(`{"name": "a", "Count": 7.0, "Else": {"x": 1}}`, input{Name: ptr("a"), Count: ptr(int32(7))})
	f(`{"Policy": {"Version": "2012-10-17", "Statement": []}}`, input{Policy: ptr(`{"Statement":[],"Version":"2012-10-17"}`)})
	f(`{"Parts": [{"Name": "a", "Size": 1}, {"Size": "2"}], "Inner": {"Name": "b"}}`,
		input{Parts: []part{{ptr("a"), 1}, {nil, 2}}, Inner: &part{Name: ptr("b")}})
	f(`{"Parts": {"Name": "one"}}`, input{Parts: []part{{Name: ptr("one")}}})
	f(`{"Tags": [{"Key": "a", "Value": "b"}]}`, input{Tags: map[string]string{"a": "b"}})
	f(`{"Tags": {"a": 1}}`, input{Tags: map[string]string{"a": "1"}})
	f(`{"Labels": {"a": 1, "b": "c"}}`, input{Labels: []tag{{ptr("a"), ptr("1")}, {ptr("b"), ptr("c")}}})
	f(`{"Deadline": "2026-01-02T15:04:05Z", "Zip": "abc"}`, input{Deadline: ptr(time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)), Zip: []byte("abc")})
}

func TestFillRefuses(t *testing.T) {
	f := func(properties map[string]any, want string) {
		t.Helper()
		err := Fill(new(input), properties)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v gives %v, not %q", properties, err, want)
		}
	}
	f(map[string]any{"Other": "x"}, "the property Other is not supported yet")
	f(map[string]any{"Inner": map[string]any{"Other": "x"}}, "the property Inner.Other is not supported yet")
	f(map[string]any{"Count": "many"}, "Count must be a whole number")
	f(map[string]any{"Count": json.Number("1.5")}, "Count must be a whole number")
	f(map[string]any{"Count": json.Number("99999999999")}, "Count must be a whole number")
	f(map[string]any{"Enabled": "perhaps"}, "Enabled must be true or false")
	f(map[string]any{"Inner": "x"}, "Inner must be an object")
	f(map[string]any{"Tags": []any{"x"}}, "Tags must be an object, or a list of Key and Value")
	f(map[string]any{"Parts": []any{"x"}}, "Parts.0 must be an object")
}

func TestChanged(t *testing.T) {
	f := func(old, now any, want bool) {
		t.Helper()
		r := Request{Old: map[string]any{"P": old}, Properties: map[string]any{"P": now}}
		if got := r.Changed("P"); got != want {
			t.Errorf("from %v to %v is changed: %v", old, now, got)
		}
	}
	f(json.Number("5"), "5", false)
	f("5", "6", true)
	f(nil, "", true)
	f([]any{"a", true}, []any{"a", "true"}, false)
	f(map[string]any{"a": "b"}, map[string]any{"a": "c"}, true)
	f(map[string]any{"a": nil}, map[string]any{"b": nil}, true)
}
