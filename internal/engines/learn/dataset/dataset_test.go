package dataset

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// show writes rows as text: the label, a bar, then each value that is given.
func show(r *Rows) string {
	var b strings.Builder
	for i := range r.Len() {
		if i > 0 {
			b.WriteByte('/')
		}
		if len(r.Labels) > 0 {
			fmt.Fprintf(&b, "%v|", r.Labels[i])
		}
		values, index := r.Row(i)
		for j, v := range values {
			if index != nil {
				fmt.Fprintf(&b, "%d:", index[j])
			}
			fmt.Fprintf(&b, "%v ", v)
		}
	}
	return strings.ReplaceAll(b.String(), " /", "/")
}

func TestRead(t *testing.T) {
	f := func(kind, body string, o Options, want string) {
		t.Helper()
		r, err := Read(kind, []byte(body), o)
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else {
			got = strings.TrimSpace(show(r))
		}
		if got != want && !(strings.HasPrefix(want, "error") && strings.HasPrefix(got, want)) {
			t.Errorf("%s %q: %q, want %q", kind, body, got, want)
		}
	}
	label, missing := Options{Label: true}, Options{Missing: true}
	f("text/csv", "1,2\n3,4\n", Options{}, "1 2/3 4")
	f("text/csv; charset=utf-8", "1,2.5\r\n\r\n-3e2, 4", label, "1|2.5/-300|4")
	f("text/csv;label_size=0", "1,2", label, "1 2")
	f("text/csv;label_size=1", "1,2", Options{}, "1|2")
	f("text/csv;label_size=2", "1,2", Options{}, "error: label_size")
	f("text/csv", "1,2\n3,4\n", Options{Label: true, Width: 2}, "1 2/3 4")
	f("text/csv", "0,1,2\n1,3,4\n", Options{Label: true, Width: 2}, "0|1 2/1|3 4")
	f("text/csv", "\"1\";2", Options{}, "1 2")
	f("text/csv", "1,,nan", missing, "1 NaN NaN")
	f("text/csv", "1,,3", Options{}, "error: line 1, column 2: could not convert string to float: ''")
	f("text/csv", "a,b\n1,2", Options{}, "error: line 1, column 1: could not convert string to float: 'a'")
	f("text/csv", "inf,1", missing, "error: line 1")
	f("text/csv", "1,2\n3", Options{}, "error: row 2 has 1 columns")
	f("text/csv", "", Options{}, "error: there is no row")
	f("text/csv", ",1", Options{Missing: true, Label: true}, "error: line 1 has no label")
	f("text/libsvm", "1 1:2 3:4 # x\n0 qid:3 2:1\n", label, "1|0:2 2:4/0|1:1")
	f("text/x-libsvm", "0:2 3:4\n1 2:1", Options{}, "0:2 3:4/2:1")
	f("text/libsvm", "1 x", Options{}, "error: line 1")
	f("text/libsvm", "-1:2", Options{}, "error: line 1")
	f("text/libsvm", "1:2\n1 2:3", label, "error: some rows")
	f("application/json", `{"instances":[{"features":[1,2]},{"data":{"features":{"values":[3,4]}}}]}`, Options{}, "1 2/3 4")
	f("application/json", `{"instances":[{"data":{"features":{"keys":[2,0],"shape":[9],"values":[3,4]}}}]}`, Options{}, "2:3 0:4")
	f("application/json", `{"instances":[{"data":{"features":{"keys":[9],"shape":[9],"values":[3]}}}]}`, Options{}, "error: row 1 has a key 9")
	f("application/json", `{"instances":[{"data":{"features":{"keys":[1],"shape":[9],"values":[]}}}]}`, Options{}, "error: row 1 has 1 keys")
	f("application/json", `{"instances":[{}]}`, Options{}, "error: an instance has no features")
	f("application/json", `{"instances":[]}`, Options{}, "error: there is no row")
	f("application/json", `[1]`, Options{}, "error: the body is not JSON")
	f("application/jsonlines", "{\"features\":[1,2]}\n{\"data\":{\"features\":{\"keys\":[1],\"shape\":[4],\"values\":[3]}}}\n{\"features\":[5,6]}", Options{}, "0:1 1:2/1:3/0:5 1:6")
	f("application/xml", "x", Options{}, "error: the content type")
}

func TestRecordIO(t *testing.T) {
	dense := &Rows{}
	sparse := &Rows{}
	for i := range 3 {
		v := float32(i)
		if err := dense.add([]float32{v, v / 2, -v}, nil, 0, v, true); err != nil {
			t.Fatal(err)
		}
		if err := sparse.add([]float32{v}, []int32{int32(i)}, 7, v, true); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []*Rows{dense, sparse} {
		for _, kind := range []string{RecordIO, ""} {
			got, err := Read(kind, Encode(want), Options{Label: true})
			if err != nil || show(got) != show(want) || got.Width != want.Width {
				t.Errorf("%q of %d columns, want %q of %d, %v", show(got), got.Width, show(want), want.Width, err)
			}
		}
	}
	b := Encode(dense)
	for n := range len(b) {
		if r, err := Read(RecordIO, b[:n], Options{}); err == nil && r.Len() == 3 && n < len(b)-3 {
			t.Errorf("%d of %d bytes are read as all", n, len(b))
		}
	}
	// A record in two parts, between which the magic number was.
	whole := []byte{0x0a, 0x23, 10, 35, 206, 1, 2, 3}
	var parts []byte
	for i, p := range [][]byte{whole[:4], whole[4:]} {
		at := len(parts)
		parts = appendPart(parts, p)
		parts[at+7] |= byte(1+2*i) << 5
	}
	got, rest, err := nextRecord(parts)
	if want := slices.Concat(whole[:4], []byte{0x0a, 0x23, 0xd7, 0xce}, whole[4:]); err != nil || len(rest) > 0 || !bytes.Equal(got, want) {
		t.Errorf("%v, %v, %v, want %v", got, rest, err, want)
	}
}

func TestAppendRows(t *testing.T) {
	read := func(kind, body string) *Rows {
		r, err := Read(kind, []byte(body), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := read(CSV, "1,2\n")
	if err := r.Append(read(CSV, "3,4\n5,6")); err != nil || show(r) != "1 2/3 4/5 6 " {
		t.Errorf("%q, %v", show(r), err)
	}
	if err := r.Append(read(CSV, "1,2,3")); err == nil {
		t.Error("rows of three columns follow rows of two")
	}
	if err := r.Append(read(LIBSVM, "0:7 4:8")); err != nil || show(r) != "0:1 1:2/0:3 1:4/0:5 1:6/0:7 4:8 " || r.Width != 5 {
		t.Errorf("%q of %d columns, %v", show(r), r.Width, err)
	}
	row := make([]float32, 5)
	if r.Fill(3, row, -1); !slices.Equal(row, []float32{7, -1, -1, -1, 8}) {
		t.Error(row)
	}
}

func TestAnswer(t *testing.T) {
	list := [][]Field{{{Name: "score", Values: []float32{0.25, 1e-7}, List: true}, {Name: "label", Values: []float32{1}, Whole: true}},
		{{Name: "score", Values: []float32{3, 1e20}, List: true}, {Name: "label", Values: []float32{float32(math.NaN())}}}}
	f := func(kind, want string) {
		t.Helper()
		var out bytes.Buffer
		if err := Answer(kind, &out, len(list), func(i int) []Field { return list[i] }); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v, want %q", kind, out.String(), err, want)
		}
	}
	f(JSON, `{"predictions": [{"score": [0.25, 1e-07], "label": 1}, {"score": [3.0, 1e+20], "label": NaN}]}`)
	f(Lines, "{\"score\": [0.25, 1e-07], \"label\": 1}\n{\"score\": [3.0, 1e+20], \"label\": NaN}\n")
	f(CSV, "0.25,1e-07,1\n3.0,1e+20,NaN\n")
	var out bytes.Buffer
	if err := Answer(RecordIO, &out, 1, func(i int) []Field { return list[i] }); err != nil || !bytes.Contains(out.Bytes(), []byte("score")) {
		t.Errorf("%q, %v", out.Bytes(), err)
	}
	if _, rest, err := nextRecord(out.Bytes()); err != nil || len(rest) > 0 {
		t.Error(err, rest)
	}
}
