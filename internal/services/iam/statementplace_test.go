package iam

import (
	"fmt"
	"testing"
)

func TestStatementPlaces(t *testing.T) {
	for document, want := range map[string]string{
		`{"Statement":{"Effect":"Allow"}}`:                                                                   "[1:14-1:32 true]",
		`{"Statement":[{"Effect":"Deny"},{"Effect":"Allow"}]}`:                                               "[1:15-1:32 false 1:33-1:51 true]",
		"{\n \"Version\": \"x\",\n \"Statement\":\n [\n  {\n   \"Effect\": \"Allow\"\n  }\n ],\"Id\":\"i\"}": "[5:3-7:4 true]",
		`{"Statement":[]}`:                 "[]",
		`{"Id":"a"}`:                       "[]",
		`{"Statement":[{"Effect":"Deny"},`: "[1:15-1:32 false]",
		`{"Statement"`:                     "[]",
		`[{"Statement":1}]`:                "[]",
		``:                                 "[]",
	} {
		got := []string{}
		for _, p := range statementPlaces(document) {
			got = append(got, fmt.Sprintf("%d:%d-%d:%d %v", p.start.Line, p.start.Column, p.end.Line, p.end.Column, p.allow))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", document, got, want)
		}
	}
}

func FuzzStatementPlaces(f *testing.F) {
	f.Add(`{"Statement":[{"Effect":"Deny"},{"Effect":"Allow"}]}`)
	f.Add("{\"Statement\"\n:")
	f.Fuzz(func(_ *testing.T, document string) { statementPlaces(document) })
}
