package dialect

import (
	"strings"
	"testing"
)

// FuzzTranslate: any text is translated or refused with an *Error; the result holds no marks.
func FuzzTranslate(f *testing.F) {
	for _, c := range Cases() {
		f.Add(c.Statement())
	}
	lookup := func(Name) (*Table, error) {
		return &Table{Ref: "t0", Columns: []Column{{Name: "id", Type: basic(Integer)}, {Name: "g", Type: basic(Varchar)}}}, nil
	}
	f.Fuzz(func(t *testing.T, query string) {
		st, err := Translate(query, Options{Catalog: "c", Database: "d", Lookup: lookup})
		if err != nil {
			if _, ok := err.(*Error); !ok {
				t.Errorf("%q: %T %v", query, err, err)
			}
			return
		}
		if strings.ContainsAny(st.SQL, "\x00\x01\x02") {
			t.Errorf("%q: marks are left in %q", query, st.SQL)
		}
	})
}

// FuzzCondition: filters are translated or refused.
func FuzzCondition(f *testing.F) {
	f.Add("country = 'DE' AND id > 3")
	f.Fuzz(func(t *testing.T, cond string) {
		_, _, err := TranslateCondition(cond, []Column{{Name: "id", Type: basic(Integer)}, {Name: "country", Type: basic(Varchar)}})
		if _, ok := err.(*Error); err != nil && !ok {
			t.Errorf("%q: %T %v", cond, err, err)
		}
	})
}

// FuzzType: types of both languages are read or refused, and what is read writes itself.
func FuzzType(f *testing.F) {
	f.Add("array<struct<a:int,b:map<string,decimal(10,2)>>>")
	f.Add("row(a bigint, b array(varchar))")
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (*Type, error){ParseHive, ParseType} {
			if typ, err := parse(s); err == nil && (typ.String() == "" || typ.Duck() == "") {
				t.Errorf("%q: no name", s)
			}
		}
	})
}
