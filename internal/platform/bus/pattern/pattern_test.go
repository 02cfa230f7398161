package pattern

import (
	"errors"
	"strings"
	"testing"
)

// ec2 is an event as EventBridge delivers it.
const ec2 = `{"version":"0","id":"6a7e8feb","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"111122223333",
"time":"2017-12-22T18:43:48Z","region":"us-west-1","resources":["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"],
"detail":{"instance-id":"i-1234567890abcdef0","state":"terminated","c-count":5,"d-count":2.5,"x-limit":301.8,"ok":true,"nothing":null,
"ip":"10.0.0.7","file":"images/cat.PNG","list":["a","b",3],"empty":[],"deep":{"er":{"still":"here"}},
"parts":[{"n":1,"k":"x"},{"n":2,"k":"y"}],"text":"","ip6":"2001:db8::7","exp":3.0e2}}`

func TestMatch(t *testing.T) {
	cases := 0
	match := func(pattern string, want bool) {
		t.Helper()
		cases++
		p, err := Parse([]byte(pattern))
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			return
		}
		e, err := Read([]byte(ec2))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(e); got != want {
			t.Errorf("%s: %v, want %v", pattern, got, want)
		}
	}
	// f asks of the detail's fields.
	f := func(detail string, want bool) { t.Helper(); match(`{"detail":{`+detail+`}}`, want) }

	match(`{"source":["aws.ec2"]}`, true)
	match(`{"source":["aws.s3"]}`, false)
	match(`{"source":["aws.s3","aws.ec2"]}`, true)
	match(`{"source":["AWS.EC2"]}`, false)
	match(`{"source":["aws.ec2"],"region":["us-west-1"]}`, true)
	match(`{"source":["aws.ec2"],"region":["us-east-1"]}`, false)
	match(`{"source":["aws.ec2"],"detail":{"state":["terminated"]}}`, true)
	match(`{"source":["aws.ec2"],"detail":{"state":["running"]}}`, false)
	match(`{"detail-type":["EC2 Instance State-change Notification"]}`, true)
	match(`{"resources":["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"]}`, true)
	match(`{"resources":[{"suffix":"instance/i-1234567890abcdef0"}]}`, true)
	match(`{"resources":[{"prefix":"arn:aws:s3"}]}`, false)
	match(`{"nothing-like-it":["x"]}`, false)
	match(`{"source":{"deeper":["x"]}}`, false)
	match(`{"account":["111122223333"]}`, true)
	match(`{"account":[111122223333]}`, false)

	// Literals.
	f(`"state":["terminated"]`, true)
	f(`"state":["terminate"]`, false)
	f(`"state":["stopped","terminated"]`, true)
	f(`"state":[""]`, false)
	f(`"text":[""]`, true)
	f(`"c-count":[5]`, true)
	f(`"c-count":[5.0]`, false)
	f(`"c-count":["5"]`, false)
	f(`"c-count":[6]`, false)
	f(`"exp":[3.0e2]`, true)
	f(`"exp":[300]`, false)
	f(`"ok":[true]`, true)
	f(`"ok":[false]`, false)
	f(`"ok":["true"]`, false)
	f(`"nothing":[null]`, true)
	f(`"nothing":[""]`, false)
	f(`"state":[null]`, false)
	f(`"gone":[null]`, false)
	f(`"list":["a"]`, true)
	f(`"list":["c"]`, false)
	f(`"list":[3]`, true)
	f(`"list":["c","b"]`, true)
	f(`"empty":["a"]`, false)
	f(`"deep":{"er":{"still":["here"]}}`, true)
	f(`"deep":{"er":{"still":["there"]}}`, false)
	f(`"deep":{"er":["here"]}`, false)
	f(`"state":["terminated"],"c-count":[5]`, true)
	f(`"state":["terminated"],"c-count":[4]`, false)

	// Prefix and suffix.
	f(`"state":[{"prefix":"term"}]`, true)
	f(`"state":[{"prefix":"terminated"}]`, true)
	f(`"state":[{"prefix":"terminated!"}]`, false)
	f(`"state":[{"prefix":"Term"}]`, false)
	f(`"state":[{"prefix":""}]`, true)
	f(`"c-count":[{"prefix":"5"}]`, false)
	f(`"gone":[{"prefix":""}]`, false)
	f(`"state":[{"prefix":{"equals-ignore-case":"TERM"}}]`, true)
	f(`"state":[{"prefix":{"equals-ignore-case":"TURM"}}]`, false)
	f(`"list":[{"prefix":"b"}]`, true)
	f(`"list":[{"prefix":"z"}]`, false)
	f(`"file":[{"suffix":".PNG"}]`, true)
	f(`"file":[{"suffix":".png"}]`, false)
	f(`"file":[{"suffix":{"equals-ignore-case":".png"}}]`, true)
	f(`"file":[{"suffix":{"equals-ignore-case":".jpg"}}]`, false)
	f(`"file":[{"suffix":""}]`, true)
	f(`"file":[{"suffix":"a long way before images/cat.PNG"}]`, false)
	f(`"file":[{"prefix":"images/"},{"suffix":".gif"}]`, true)

	// Equals, ignoring case.
	f(`"state":[{"equals-ignore-case":"TERMINATED"}]`, true)
	f(`"state":[{"equals-ignore-case":"terminated"}]`, true)
	f(`"state":[{"equals-ignore-case":"TERMINATE"}]`, false)
	f(`"c-count":[{"equals-ignore-case":"5"}]`, false)
	f(`"list":[{"equals-ignore-case":"B"}]`, true)

	// Wildcards.
	f(`"file":[{"wildcard":"images/*.PNG"}]`, true)
	f(`"file":[{"wildcard":"*"}]`, true)
	f(`"file":[{"wildcard":"*.PNG"}]`, true)
	f(`"file":[{"wildcard":"*cat*"}]`, true)
	f(`"file":[{"wildcard":"images/*"}]`, true)
	f(`"file":[{"wildcard":"i*/c*.P*G"}]`, true)
	f(`"file":[{"wildcard":"images/*.png"}]`, false)
	f(`"file":[{"wildcard":"*dog*"}]`, false)
	f(`"file":[{"wildcard":"images/cat.PNG"}]`, true)
	f(`"file":[{"wildcard":"images/cat.PN"}]`, false)
	f(`"file":[{"wildcard":""}]`, false)
	f(`"text":[{"wildcard":""}]`, true)
	f(`"text":[{"wildcard":"*"}]`, true)
	f(`"file":[{"wildcard":"images\\*"}]`, false)
	f(`"c-count":[{"wildcard":"*"}]`, false)

	// Anything but.
	f(`"state":[{"anything-but":"running"}]`, true)
	f(`"state":[{"anything-but":"terminated"}]`, false)
	f(`"state":[{"anything-but":["running","terminated"]}]`, false)
	f(`"state":[{"anything-but":["running","stopped"]}]`, true)
	f(`"gone":[{"anything-but":"x"}]`, false)
	f(`"c-count":[{"anything-but":5}]`, false)
	f(`"c-count":[{"anything-but":[4,6]}]`, true)
	f(`"c-count":[{"anything-but":"5"}]`, true)
	f(`"x-limit":[{"anything-but":[100,200,300]}]`, true)
	f(`"ok":[{"anything-but":"x"}]`, true)
	f(`"nothing":[{"anything-but":"x"}]`, true)
	f(`"list":[{"anything-but":"a"}]`, true)
	f(`"list":[{"anything-but":["a","b",3]}]`, false)
	f(`"state":[{"anything-but":{"prefix":"term"}}]`, false)
	f(`"state":[{"anything-but":{"prefix":"init"}}]`, true)
	f(`"state":[{"anything-but":{"prefix":["init","term"]}}]`, false)
	f(`"state":[{"anything-but":{"suffix":"ed"}}]`, false)
	f(`"state":[{"anything-but":{"suffix":["ing","er"]}}]`, true)
	f(`"state":[{"anything-but":{"equals-ignore-case":"TERMINATED"}}]`, false)
	f(`"state":[{"anything-but":{"equals-ignore-case":["RUNNING","STOPPED"]}}]`, true)
	f(`"file":[{"anything-but":{"wildcard":"*.PNG"}}]`, false)
	f(`"file":[{"anything-but":{"wildcard":["*.gif","doc/*"]}}]`, true)
	f(`"state":[{"anything-but":{"prefix":{"equals-ignore-case":"TERM"}}}]`, false)
	f(`"c-count":[{"anything-but":{"prefix":"5"}}]`, true)
	f(`"empty":[{"anything-but":"x"}]`, false)

	// Numbers.
	f(`"c-count":[{"numeric":["=",5]}]`, true)
	f(`"c-count":[{"numeric":["=",5.0]}]`, true)
	f(`"c-count":[{"numeric":["=",6]}]`, false)
	f(`"c-count":[{"numeric":[">",4]}]`, true)
	f(`"c-count":[{"numeric":[">",5]}]`, false)
	f(`"c-count":[{"numeric":[">=",5]}]`, true)
	f(`"c-count":[{"numeric":["<",5]}]`, false)
	f(`"c-count":[{"numeric":["<=",5]}]`, true)
	f(`"c-count":[{"numeric":["<",6]}]`, true)
	f(`"c-count":[{"numeric":[">",0,"<=",5]}]`, true)
	f(`"c-count":[{"numeric":[">",0,"<",5]}]`, false)
	f(`"c-count":[{"numeric":[">=",5,"<",6]}]`, true)
	f(`"d-count":[{"numeric":["<",10]}]`, true)
	f(`"d-count":[{"numeric":["=",2.5]}]`, true)
	f(`"x-limit":[{"numeric":["=",3.018e2]}]`, true)
	f(`"x-limit":[{"numeric":[">",-5,"<",301]}]`, false)
	f(`"exp":[{"numeric":["=",300]}]`, true)
	f(`"state":[{"numeric":[">",0]}]`, false)
	f(`"account":[{"numeric":[">",0]}]`, false)
	f(`"list":[{"numeric":["=",3]}]`, true)
	f(`"nothing":[{"numeric":["=",0]}]`, false)

	// Addresses.
	f(`"ip":[{"cidr":"10.0.0.0/24"}]`, true)
	f(`"ip":[{"cidr":"10.0.0.7/32"}]`, true)
	f(`"ip":[{"cidr":"10.0.1.0/24"}]`, false)
	f(`"ip":[{"cidr":"0.0.0.0/0"}]`, true)
	f(`"ip":[{"cidr":"10.0.0.200/24"}]`, true)
	f(`"ip6":[{"cidr":"2001:db8::/32"}]`, true)
	f(`"ip6":[{"cidr":"2001:db9::/32"}]`, false)
	f(`"ip":[{"cidr":"2001:db8::/32"}]`, false)
	f(`"state":[{"cidr":"10.0.0.0/24"}]`, false)

	// Being there.
	f(`"state":[{"exists":true}]`, true)
	f(`"state":[{"exists":false}]`, false)
	f(`"gone":[{"exists":true}]`, false)
	f(`"gone":[{"exists":false}]`, true)
	f(`"nothing":[{"exists":true}]`, true)
	f(`"nothing":[{"exists":false}]`, false)
	f(`"text":[{"exists":true}]`, true)
	f(`"list":[{"exists":true}]`, true)
	f(`"empty":[{"exists":true}]`, false)
	f(`"empty":[{"exists":false}]`, true)
	f(`"deep":[{"exists":true}]`, false)
	f(`"deep":[{"exists":false}]`, true)
	f(`"deep":{"er":{"still":[{"exists":true}]}}`, true)
	f(`"gone":{"further":[{"exists":false}]}`, true)
	f(`"gone":{"further":[{"exists":true}]}`, false)
	f(`"state":{"further":[{"exists":false}]}`, true)
	f(`"gone":[{"exists":false},"x"]`, true)
	f(`"state":[{"exists":false},"terminated"]`, true)
	match(`{"gone":{"further":[{"exists":false}]}}`, true)

	// Lists of objects: all fields in one of them.
	f(`"parts":{"n":[1]}`, true)
	f(`"parts":{"n":[3]}`, false)
	f(`"parts":{"n":[1],"k":["x"]}`, true)
	f(`"parts":{"n":[1],"k":["y"]}`, false)
	f(`"parts":{"n":[2],"k":["y"]}`, true)
	f(`"parts":{"n":[{"numeric":[">",1]}],"k":[{"prefix":"y"}]}`, true)
	f(`"parts":{"m":[{"exists":false}]}`, true)
	f(`"parts":{"n":[{"exists":false}]}`, false)
	f(`"list":{"n":[1]}`, false)
	f(`"list":{"n":[{"exists":false}]}`, true)
	f(`"empty":{"n":[{"exists":false}]}`, true)

	// Alternatives.
	match(`{"$or":[{"source":["aws.s3"]},{"region":["us-west-1"]}]}`, true)
	match(`{"$or":[{"source":["aws.s3"]},{"region":["us-east-1"]}]}`, false)
	match(`{"$or":[{"source":["aws.ec2"]},{"region":["us-west-1"]}],"account":["111122223333"]}`, true)
	match(`{"$or":[{"source":["aws.ec2"]},{"region":["us-west-1"]}],"account":["4"]}`, false)
	match(`{"source":["aws.ec2"],"$or":[{"account":["1"]},{"detail":{"state":["terminated"]}}]}`, true)
	f(`"$or":[{"c-count":[{"numeric":[">",0,"<=",5]}]},{"d-count":[{"numeric":["<",10]}]},{"x-limit":[{"numeric":["=",3.018e2]}]}]`, true)
	f(`"$or":[{"c-count":[{"numeric":[">",5]}]},{"d-count":[{"numeric":["<",2]}]},{"x-limit":[{"numeric":["=",3.018e2]}]}]`, true)
	f(`"$or":[{"c-count":[{"numeric":[">",5]}]},{"d-count":[{"numeric":["<",2]}]},{"x-limit":[{"numeric":["=",1]}]}]`, false)
	f(`"$or":[{"state":["running"],"c-count":[5]},{"state":["terminated"],"c-count":[4]}]`, false)
	f(`"$or":[{"state":["running"],"c-count":[5]},{"state":["terminated"],"c-count":[5]}]`, true)
	f(`"$or":[{"$or":[{"state":["a"]},{"state":["terminated"]}]},{"state":["b"]}]`, true)
	f(`"$or":[{"gone":[{"exists":false}]},{"state":["b"]}]`, true)
	f(`"$or":["a"]`, false)
	f(`"$or":[{"prefix":"a"},{"suffix":"b"}]`, false)
	f(`"$or":{"a":["b"]}`, false)

	if e, _ := Read([]byte(`[1]`)); mustParse(t, `{"a":["b"]}`).Match(e) {
		t.Error("a list matched")
	}
	small := []struct {
		pattern, event string
		want           bool
	}{
		{`{"a":[1]}`, `{"a":1}`, true},
		{`{"a":[1]}`, `{"a":2,"a":1}`, true},
		{`{"a":[1]}`, `{"a":1,"a":2}`, false},
		{`{"a":["x"]}`, `{}`, false},
		{`{"a":[{"exists":false}]}`, `{}`, true},
		{`{"a":[{"exists":false}]}`, `"text"`, true},
		{`{"a":["x"]}`, `"x"`, false},
		{`{"a":["é"]}`, `{"a":"é"}`, true},
		{`{"a":[{"prefix":{"equals-ignore-case":"É"}}]}`, `{"a":"élan"}`, true},
		{`{"a":[{"wildcard":"*ü*"}]}`, `{"a":"grüße"}`, true},
		{`{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"a*b"}`, true},
		{`{"a":[{"wildcard":"a\\*b"}]}`, `{"a":"axb"}`, false},
		{`{"a":[{"wildcard":"a\\\\b"}]}`, `{"a":"a\\b"}`, true},
		{`{"a":[{"wildcard":"*a*a*a*b"}]}`, `{"a":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`, false},
		{`{"a":[["b"]]}`, ``, false},
		{`{"a":["x"]}`, `{"a":[["x"]]}`, true},
		{`{"a":{"b":["x"]}}`, `{"a":[{"b":["y","x"]}]}`, true},
		{`{"a":[-1]}`, `{"a":-1}`, true},
		{`{"a":[{"numeric":["<",0]}]}`, `{"a":-0.5}`, true},
		{`{"a":[{"numeric":[">",1e10]}]}`, `{"a":2e10}`, true},
		{`{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"10.1.2.3"}`, true},
		{`{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"10.1.2.3.4"}`, false},
		{`{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"::ffff:10.1.2.3"}`, false},
		{`{"a.b":["x"]}`, `{"a":{"b":"x"}}`, false},
		{`{"a.b":["x"]}`, `{"a.b":"x"}`, true},
	}
	for _, c := range small {
		if c.event == "" {
			continue
		}
		cases++
		e, err := Read([]byte(c.event))
		if err != nil {
			t.Fatal(err)
		}
		if got := mustParse(t, c.pattern).Match(e); got != c.want {
			t.Errorf("%s on %s: %v", c.pattern, c.event, got)
		}
	}
	if cases < 200 {
		t.Errorf("only %d cases", cases)
	}
}

func mustParse(t *testing.T, s string) *Pattern {
	t.Helper()
	p, err := Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseRefuses(t *testing.T) {
	f := func(pattern, reason string) {
		t.Helper()
		_, err := Parse([]byte(pattern))
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Reason, reason) {
			t.Errorf("%s: %v, want %q", pattern, err, reason)
		}
	}
	f(``, "JSON")
	f(`{`, "JSON")
	f(`[]`, "not an object")
	f(`"x"`, "not an object")
	f(`{}`, "Empty objects")
	f(`{"a":{}}`, "Empty objects")
	f(`{"a":[]}`, "Empty arrays")
	f(`{"a":"b"}`, "must be an object or an array")
	f(`{"a":1}`, "must be an object or an array")
	f(`{"a":null}`, "must be an object or an array")
	f(`{"a":[["b"]]}`, "must be a string")
	f(`{"a":[{"like":"b"}]}`, "Unrecognized match type like")
	f(`{"a":[{"prefix":"b","suffix":"c"}]}`, "Only one key")
	f(`{"a":[{"prefix":1}]}`, "must be a string")
	f(`{"a":[{"prefix":{"suffix":"x"}}]}`, "Unsupported prefix")
	f(`{"a":[{"suffix":null}]}`, "must be a string")
	f(`{"a":[{"equals-ignore-case":["a"]}]}`, "must be a string")
	f(`{"a":[{"wildcard":"a**b"}]}`, "Consecutive")
	f(`{"a":[{"wildcard":"a\\b"}]}`, "Invalid escape")
	f(`{"a":[{"wildcard":"a\\"}]}`, "Invalid escape")
	f(`{"a":[{"anything-but":[]}]}`, "Empty arrays")
	f(`{"a":[{"anything-but":null}]}`, "not supported")
	f(`{"a":[{"anything-but":[true]}]}`, "not supported")
	f(`{"a":[{"anything-but":{"numeric":["=",1]}}]}`, "Unsupported anything-but")
	f(`{"a":[{"numeric":[]}]}`, "numeric")
	f(`{"a":[{"numeric":["="]}]}`, "pairs")
	f(`{"a":[{"numeric":["=","1"]}]}`, "must be numeric")
	f(`{"a":[{"numeric":["~",1]}]}`, "Unrecognized numeric")
	f(`{"a":[{"numeric":["<",1,">",0]}]}`, "Too many")
	f(`{"a":[{"numeric":[">",5,"<",1]}]}`, "Bottom")
	f(`{"a":[{"numeric":["=",1,"<",2]}]}`, "Unrecognized")
	f(`{"a":[{"cidr":"10.0.0.0"}]}`, "CIDR")
	f(`{"a":[{"cidr":"10.0.0.0/33"}]}`, "CIDR")
	f(`{"a":[{"exists":"yes"}]}`, "true or false")
	f(`{"a":["b"]} x`, "behind")
	f(strings.Repeat(`{"a":`, 80)+`["b"]`+strings.Repeat("}", 80), "too deep")
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"$or":[{"a":["b"]},{"c":[{"wildcard":"a*\\*"}]}]}`,
		`{"a":{"b":[{"anything-but":{"prefix":["x"]}}]}}`, `{"a":[{"cidr":"::/0"},{"exists":false},null,true,1e3]}`} {
		f.Add([]byte(s), []byte(ec2))
	}
	f.Fuzz(func(_ *testing.T, pattern, event []byte) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		if e, err := Read(event); err == nil {
			p.Match(e)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	p, err := Parse([]byte(`{"source":["aws.ec2"],"detail":{"state":["running","terminated"],"c-count":[{"numeric":[">",0]}]}}`))
	if err != nil {
		b.Fatal(err)
	}
	e, err := Read([]byte(ec2))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !p.Match(e) {
			b.Fatal("no match")
		}
	}
}
