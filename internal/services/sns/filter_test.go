package sns

import (
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

func TestFilterAttributes(t *testing.T) {
	attributes := map[string]delivery.Attribute{
		"store": {Type: "String", Text: "example_corp"}, "event": {Type: "String", Text: "order_placed"},
		"price": {Type: "Number", Text: "100.12"}, "count": {Type: "Number", Text: "7"}, "text": {Type: "String", Text: "7"},
		"interests": {Type: "String.Array", Text: `["rugby","football",5,true,null]`}, "empty": {Type: "String.Array", Text: `[]`},
		"source_ip": {Type: "String", Text: "10.0.0.200"}, "secret": {Type: "Binary", Binary: []byte("example_corp")},
		"kind": {Type: "String.custom", Text: "special"}, "number": {Type: "Number.int", Text: "-3"},
	}
	f := func(policy string, want bool) {
		t.Helper()
		filter, err := readFilter(policy, "")
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			return
		}
		if got := filter.match("no json", attributes); got != want {
			t.Errorf("%s: got %v", policy, got)
		}
	}
	f(`{"store":["example_corp"]}`, true)
	f(`{"store":["other","example_corp"]}`, true)
	f(`{"store":["other"]}`, false)
	f(`{"store":["Example_corp"]}`, false)
	f(`{"store":["example_corp"],"event":["order_placed"]}`, true)
	f(`{"store":["example_corp"],"event":["order_cancelled"]}`, false)
	f(`{"missing":["x"]}`, false)
	f(`{"store":[{"prefix":"example"}]}`, true)
	f(`{"store":[{"prefix":"corp"}]}`, false)
	f(`{"store":[{"suffix":"corp"}]}`, true)
	f(`{"store":[{"suffix":"example"}]}`, false)
	f(`{"store":[{"equals-ignore-case":"EXAMPLE_CORP"}]}`, true)
	f(`{"store":[{"equals-ignore-case":"EXAMPLE"}]}`, false)
	f(`{"store":[{"anything-but":["other"]}]}`, true)
	f(`{"store":[{"anything-but":["example_corp"]}]}`, false)
	f(`{"store":[{"anything-but":"example_corp"}]}`, false)
	f(`{"missing":[{"anything-but":["other"]}]}`, false)
	f(`{"store":[{"anything-but":{"prefix":"exam"}}]}`, false)
	f(`{"store":[{"anything-but":{"prefix":"corp"}}]}`, true)
	f(`{"store":[{"anything-but":{"suffix":"corp"}}]}`, false)
	f(`{"store":[{"wildcard":"ex*_c*p"}]}`, true)
	f(`{"store":[{"wildcard":"ex*x"}]}`, false)
	f(`{"store":[{"exists":true}]}`, true)
	f(`{"store":[{"exists":false}]}`, false)
	f(`{"missing":[{"exists":false}]}`, true)
	f(`{"missing":[{"exists":true}]}`, false)
	f(`{"missing":[{"exists":false},"x"]}`, true)
	f(`{"price":[{"numeric":["=",100.12]}]}`, true)
	f(`{"price":[{"numeric":["=",100.1200]}]}`, true)
	f(`{"price":[{"numeric":["=",100]}]}`, false)
	f(`{"price":[{"numeric":[">",100]}]}`, true)
	f(`{"price":[{"numeric":[">",100.12]}]}`, false)
	f(`{"price":[{"numeric":[">=",100.12]}]}`, true)
	f(`{"price":[{"numeric":["<",100.12]}]}`, false)
	f(`{"price":[{"numeric":["<=",100.12]}]}`, true)
	f(`{"price":[{"numeric":[">",100,"<=",150]}]}`, true)
	f(`{"price":[{"numeric":[">",101,"<=",150]}]}`, false)
	f(`{"number":[{"numeric":["<",0]}]}`, true)
	f(`{"count":[7]}`, true)
	f(`{"count":[8]}`, false)
	f(`{"count":["7"]}`, false)
	f(`{"text":["7"]}`, true)
	f(`{"text":[7]}`, false)
	f(`{"text":[{"numeric":["=",7]}]}`, false)
	f(`{"count":[{"anything-but":[7]}]}`, false)
	f(`{"count":[{"anything-but":[8,9]}]}`, true)
	f(`{"interests":["rugby"]}`, true)
	f(`{"interests":["baseball","football"]}`, true)
	f(`{"interests":["baseball"]}`, false)
	f(`{"interests":[{"prefix":"foot"}]}`, true)
	f(`{"interests":[5]}`, true)
	f(`{"interests":[true]}`, true)
	f(`{"interests":[null]}`, true)
	f(`{"interests":[false]}`, false)
	f(`{"empty":["x"]}`, false)
	f(`{"source_ip":[{"cidr":"10.0.0.0/24"}]}`, true)
	f(`{"source_ip":[{"cidr":"10.0.1.0/24"}]}`, false)
	f(`{"secret":["example_corp"]}`, false)
	f(`{"secret":[{"exists":false}]}`, true)
	f(`{"kind":["special"]}`, true)
	f(`{"$or":[{"store":["other"]},{"count":[7]}]}`, true)
	f(`{"$or":[{"store":["other"]},{"count":[8]}]}`, false)
	f(`{"event":["order_placed"],"$or":[{"store":["other"]},{"count":[7]}]}`, true)
	f(`{"event":["x"],"$or":[{"store":["other"]},{"count":[7]}]}`, false)
}

func TestFilterBody(t *testing.T) {
	const body = `{"a":{"b":[1,"x"],"c":null},"list":[{"k":"v","n":1},{"k":"w","n":2}],"flag":true,"text":"7","num":7}`
	f := func(policy, body string, want bool) {
		t.Helper()
		filter, err := readFilter(policy, "MessageBody")
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			return
		}
		if got := filter.match(body, nil); got != want {
			t.Errorf("%s: got %v", policy, got)
		}
	}
	f(`{"a":{"b":[1]}}`, body, true)
	f(`{"a":{"b":["x"]}}`, body, true)
	f(`{"a":{"b":[2]}}`, body, false)
	f(`{"a":{"c":[null]}}`, body, true)
	f(`{"a":{"d":[{"exists":false}]}}`, body, true)
	f(`{"list":{"k":["v"]}}`, body, true)
	f(`{"list":{"k":["v"],"n":[1]}}`, body, true)
	f(`{"list":{"k":["v"],"n":[2]}}`, body, false)
	f(`{"flag":[true]}`, body, true)
	f(`{"flag":["true"]}`, body, false)
	f(`{"text":["7"]}`, body, true)
	f(`{"text":[7]}`, body, false)
	f(`{"num":[{"numeric":[">",6]}]}`, body, true)
	f(`{"num":[7]}`, `[{"num":7}]`, false)
	f(`{"num":[7]}`, `no json`, false)
	f(`{"num":[7]}`, ``, false)
	f(`{"num":[{"exists":false}]}`, `{}`, true)
}

func TestBadFilters(t *testing.T) {
	f := func(policy, scope string) {
		t.Helper()
		if _, err := readFilter(policy, scope); err == nil {
			t.Errorf("%s was taken", policy)
		}
	}
	f(`{"a":"x"}`, "")
	f(`{"a":[]}`, "")
	f(`[]`, "")
	f(`{`, "")
	f(`{"a":{"b":["x"]}}`, "")
	f(`{"a":[{"unknown":"x"}]}`, "")
	f(`{"a":[{"numeric":["!",1]}]}`, "")
	f(`{"a":[["x"]]}`, "")
	f(`{"a":["x"],"b":["x"],"c":["x"],"d":["x"],"e":["x"],"f":["x"]}`, "")
	f(`{"a":{"b":["x"],"c":["x"],"d":["x"]},"e":{"b":["x"],"c":["x"],"d":["x"]}}`, "MessageBody")
}

func FuzzFilter(f *testing.F) {
	f.Add(`{"a":["x",{"prefix":"y"}]}`, "MessageBody", `{"a":"x"}`)
	f.Add(`{"a":{"b":[1]}}`, "", `[1]`)
	f.Fuzz(func(t *testing.T, policy, scope, body string) {
		if filter, err := readFilter(policy, scope); err == nil {
			filter.match(body, map[string]delivery.Attribute{"a": {Type: "String", Text: body}, "b": {Type: "String.Array", Text: body}, "c": {Type: "Number", Text: "1"}})
		}
	})
}
