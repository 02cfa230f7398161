package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	f := func(template, record, want string) {
		t.Helper()
		var r map[string]any
		d := json.NewDecoder(strings.NewReader(record))
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if got := fill(template, r); got != want {
			t.Errorf("fill(%q, %s) = %q, want %q", template, record, got, want)
		}
	}
	f("", `{"inputs":"a"}`, "a")
	f("Say {{ inputs }}!", `{"inputs":"a"}`, "Say a!")
	f("{{a}} {{b}} {{c}}", `{"a":1.50,"b":true}`, "1.50 true ")
	f("{{a}}", `{"a":"{{b}}","b":"x"}`, "{{b}}")
	f("{{a}} {{}} {{1}}", `{"a":[1,"x"]}`, `[1,"x"] {{}} {{1}}`)
}

func TestBelow(t *testing.T) {
	s := store{bucket: "b"}
	f := func(uri, want string) {
		t.Helper()
		key, err := s.below(uri, asyncInput)
		var bad told
		if key != want || (want == "") != (err != nil) || err != nil && (!errors.As(err, &bad) || bad.status != 400) {
			t.Errorf("below(%q) = %q, %v; want %q", uri, key, err, want)
		}
	}
	f("s3://b/inference/async/input/a.json", "inference/async/input/a.json")
	f("s3://b/inference/async/input/x/", "inference/async/input/x/")
	f("s3://c/inference/async/input/a.json", "")
	f("s3://b/inference/async/input/../../../configs/a", "")
	f("s3://b/inference/async/output/a", "")
	f("https://b/inference/async/input/a.json", "")
	f("s3://", "")
	f("", "")
}

func TestRecords(t *testing.T) {
	f := func(kind, from, want, wrong string) {
		t.Helper()
		var b bytes.Buffer
		r := records{to: &b, template: "Is it good? {{inputs}} ({{id}})", field: "source", maxTokens: 5}
		err := r.add(kind, strings.NewReader(from))
		if wrong != "" {
			if err == nil || !strings.Contains(err.Error(), wrong) {
				t.Errorf("%q: %v, want %q", from, err, wrong)
			}
			return
		}
		if err != nil || b.String() != want {
			t.Errorf("%q: %v\n%s\nwant\n%s", from, err, b.String(), want)
		}
	}
	line := func(id, prompt string) string {
		return `{"modelInput":{"inferenceConfig":{"maxTokens":5},"messages":[{"content":[{"text":"` + prompt + `"}],"role":"user"}]},"recordId":"` + id + "\"}\n"
	}
	f("application/jsonlines", `{"id":7,"source":"a tea"}`+"\n\n"+`{"source":"b"}`, line("R0000000001", "Is it good? a tea (7)")+line("R0000000002", "Is it good? b ()"), "")
	f("text/csv", "id,source\n1,\"x, \"\"y\"\"\"\n", line("R0000000001", `Is it good? x, \"y\" (1)`), "")
	f("application/jsonlines", `{"recordId":"A","modelInput":{"prompt":"p"}}`, `{"modelInput":{"prompt":"p"},"recordId":"A"}`+"\n", "")
	f("application/jsonlines", `{"text":"a"}`, "", `line 1: there is no field "source"`)
	f("application/jsonlines", "{\"source\":\"a\"}\nnone", "", "line 2 is no JSON object")
	f("application/jsonlines", `{"source":"a"} {}`, "", "line 1 is no JSON object")
	f("application/jsonlines", `{"source":"a"}`+"\n"+`{"modelInput":{}}`, "", "others do not")
	f("text/csv", "", "", "EOF")
	f("text/csv", "a,b\n1\n", "", "wrong number of fields")
}

func FuzzRecords(f *testing.F) {
	f.Add("text/csv", "id,source\n1,a\n")
	f.Add("application/jsonlines", `{"source":{"a":[1]}}`)
	f.Fuzz(func(t *testing.T, kind, from string) {
		var b bytes.Buffer
		r := records{to: &b, field: "source"}
		if r.add(kind, strings.NewReader(from)) != nil {
			return
		}
		if n := strings.Count(b.String(), "\n"); n != r.n {
			t.Errorf("%d lines of %d records", n, r.n)
		}
	})
}

func TestTexts(t *testing.T) {
	f := func(body, want, wrong string) {
		t.Helper()
		i := invoke{template: "<{{inputs}}{{title}}>"}
		list, _, err := i.texts([]byte(body))
		if got := strings.Join(list, "|"); got != want || (wrong == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("texts(%s) = %q, %v; want %q, %q", body, got, err, want, wrong)
		}
	}
	f(`{"inputs":"a"}`, "<a>", "")
	f(`{"inputs":["a","b"],"parameters":{"max_new_tokens":4,"temperature":0}}`, "<a>|<b>", "")
	f(`{"instances":["a"]}`, "<a>", "")
	f(`{"title":"t"}`, "<t>", "")
	f(`{"inputs":[]}`, "", "1 to 64")
	f(`{"inputs":3}`, "", "1 to 64")
	f(`{}`, "", "inputs")
	f(`[]`, "", "no JSON object")
}

func TestInline(t *testing.T) {
	f := func(b, want string) {
		t.Helper()
		if got := string(inline([]byte(b))); got != want {
			t.Errorf("inline(%.20q) = %.40q, want %q", b, got, want)
		}
	}
	f(`{"a":1}`, `{"a":1}`)
	f("line\nline", `"line\nline"`)
	f("\xff\xfe", "")
	f(strings.Repeat("x", inlined+1), "")
}
