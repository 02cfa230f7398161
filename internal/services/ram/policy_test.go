package ram

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/sharing"
)

func TestTemplate(t *testing.T) {
	table := sharing.Types[2]
	f := func(in, want string) {
		t.Helper()
		got, err := readTemplate(in, table)
		if want == "" && err == nil || want != "" && (err != nil || got != want) {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
	f(`{"Effect":"Allow","Action":["glue:GetTable"]}`, `{"Effect":"Allow","Action":["glue:GetTable"]}`)
	f(`{"Action":"glue:GetTable","Effect":"ALLOW"}`, `{"Effect":"Allow","Action":"glue:GetTable"}`)
	f(`{"Effect":"Allow","Action":["glue:GetTable"],"Condition":{"StringEquals":{"aws:PrincipalTag/a":"b"}}}`,
		`{"Effect":"Allow","Action":["glue:GetTable"],"Condition":{"StringEquals":{"aws:PrincipalTag/a":"b"}}}`)
	f(`{"Effect":"Allow","Action":[]}`, "")
	f(`{"Effect":"Allow","Action":[1]}`, "")
	f(`{"Effect":"Allow","Action":["glue:Get?able"]}`, "")
	f(`{"Effect":"Allow","Action":["GetTable"]}`, "")
	f(`{"Effect":1,"Action":["glue:GetTable"]}`, "")
	f(`{"Effect":"Allow","Action":["glue:GetTable"],"Condition":[]}`, "")
	f(`{"Effect":"Allow","Action":["glue:GetTable"],"Sid":"x"}`, "")
	f(`null`, "")
	f(`{"Effect":"Allow","Action":["glue:`+strings.Repeat("a", maxTemplate)+`"]}`, "")
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{`{"Effect":"Allow","Action":["glue:GetTable"]}`, `{"Effect":"Allow","Action":"glue:GetTable","Condition":{"Bool":{"a:b":"true"}}}`,
		strings.Repeat("[", 500), `{"Effect":"Allow","Action":["glue:GetTable"],"Condition":` + strings.Repeat(`{"a":`, 200) + `1` + strings.Repeat("}", 200) + "}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := readTemplate(s, sharing.Types[0])
		if err != nil {
			if out != "" {
				t.Fatalf("%q is refused and read as %q", s, out)
			}
			return
		}
		again, err := readTemplate(out, sharing.Types[0])
		if err != nil || again != out || !json.Valid([]byte(out)) {
			t.Fatalf("%q became %q, which becomes %q, %v", s, out, again, err)
		}
	})
}

func FuzzARN(f *testing.F) {
	for _, s := range []string{"arn:aws:ram:us-east-1:123456789012:resource-share/00000000-0000-0000-0000-000000000000", "arn:aws:ram::aws:permission/x", "arn:aws:ram:::", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, noun := range []string{shareNoun, invitationNoun, permissionNoun} {
			a, id, ok := read(noun, s)
			if ok && (a.Service != "ram" || a.Resource != noun+"/"+id) {
				t.Fatalf("%q is %+v %q", s, a, id)
			}
		}
		if k, err := shareKey(s); err == nil && len(k.ID) != 36 {
			t.Fatalf("%q is %+v", s, k)
		}
	})
}
