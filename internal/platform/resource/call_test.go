package resource

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/aws/smithy-go"
)

func TestTell(t *testing.T) {
	f := func(in input, wanted, want map[string]any) {
		t.Helper()
		if got := Tell(&in, wanted); !same(any(got), any(want)) {
			t.Errorf("%+v is told as %v, not %v", in, got, want)
		}
	}
	type m = map[string]any
	f(input{Name: ptr("a"), Count: ptr(int32(3)), Colour: "RED"}, m{"Name": "b", "count": "1", "Other": 1, "Ratio": 0}, m{"Name": "a", "count": "3", "Ratio": 0})
	f(input{Policy: ptr(`{"a":[1]}`)}, m{"Policy": m{}}, m{"Policy": m{"a": []any{1}}})
	f(input{Policy: ptr(`{"a":[1]}`)}, m{"Policy": "x"}, m{"Policy": `{"a":[1]}`})
	f(input{Tags: map[string]string{"a": "b", "c": "d"}}, m{"Tags": []any{m{"Key": "c", "Value": "x"}}},
		m{"Tags": []any{m{"Key": "c", "Value": "d"}, m{"Key": "a", "Value": "b"}}})
	f(input{Labels: []tag{{ptr("a"), ptr("b")}}}, m{"Labels": m{"a": "c"}}, m{"Labels": m{"a": "b"}})
	f(input{Parts: []part{{ptr("a"), 1}, {ptr("b"), 2}}}, m{"Parts": []any{m{"Name": "x"}}}, m{"Parts": []any{m{"Name": "a"}, m{"Name": "b"}}})
	f(input{}, m{"Name": "a", "Inner": m{"Name": "x"}}, m{})
}

func TestTypes(t *testing.T) {
	gone := &smithy.GenericAPIError{Code: "ResourceNotFoundException"}
	var is error
	list := Types(Type{Identify: func(r Request) string { return "id of " + r.Named("Name") },
		Delete: func(context.Context, Request) error { return is },
		Read:   func(_ context.Context, r Request) (State, error) { return State{ID: r.ID}, is }})
	f := func(err error, found bool, deleted error) {
		t.Helper()
		is = err
		s, ok, _ := list[0].Find(t.Context(), Request{Name: "x"})
		if ok != found || found && s.ID != "id of x" {
			t.Errorf("%v is found: %v %v", err, ok, s)
		}
		if got := list[0].Delete(t.Context(), Request{}); !errors.Is(got, deleted) {
			t.Errorf("%v is deleted with %v", err, got)
		}
	}
	other := fmt.Errorf("other")
	f(nil, true, nil)
	f(gone, false, nil)
	f(other, false, other)
	if is = gone; !errors.Is(ErrGone, func() error { _, err := list[0].Read(t.Context(), Request{}); return err }()) {
		t.Error("what is gone is read")
	}
}

func TestRetag(t *testing.T) {
	f := func(old, now any, set map[string]string, removed []string) {
		t.Helper()
		r := Request{Old: map[string]any{"Tags": old}, Properties: map[string]any{"Tags": now}}
		var gotSet map[string]string
		var gotRemoved []string
		_ = r.Retag("Tags", func(m map[string]string) error { gotSet = m; return nil }, func(keys []string) error { gotRemoved = keys; return nil })
		if !reflect.DeepEqual(gotSet, set) || !reflect.DeepEqual(gotRemoved, removed) {
			t.Errorf("from %v to %v sets %v and removes %v", old, now, gotSet, gotRemoved)
		}
	}
	pair := func(k, v string) any { return map[string]any{"Key": k, "Value": v} }
	f(nil, []any{pair("a", "b")}, map[string]string{"a": "b"}, nil)
	f([]any{pair("a", "b"), pair("c", "d")}, []any{pair("a", "x")}, map[string]string{"a": "x"}, []string{"c"})
	f(map[string]any{"a": "b"}, map[string]any{"a": "b"}, nil, nil)
	f(map[string]any{"a": "b"}, nil, nil, []string{"a"})
}
