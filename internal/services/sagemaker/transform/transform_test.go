package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// model answers each line of a request, in capitals, not always at once.
type model struct {
	asked atomic.Int64
	most  atomic.Int64
	busy  atomic.Int64
	fail  string
	kind  string
}

func (m *model) Ask(ctx context.Context, contentType, accept string, body []byte) ([]byte, string, error) {
	m.asked.Add(1)
	n := m.busy.Add(1)
	defer m.busy.Add(-1)
	for old := m.most.Load(); n > old && !m.most.CompareAndSwap(old, n); old = m.most.Load() {
	}
	time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	if m.fail != "" && strings.Contains(string(body), m.fail) {
		return nil, "", errors.New("the model failed")
	}
	return bytes.ToUpper(body), m.kind, ctx.Err()
}

func paths(t *testing.T, in, out string) (p Processing) {
	t.Helper()
	var err error
	if p.Input, err = ParsePath(in); err != nil {
		t.Fatal(err)
	}
	if p.Output, err = ParsePath(out); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestObject(t *testing.T) {
	f := func(j Job, in, want string) {
		t.Helper()
		j.Slots = make(chan struct{}, 4)
		if j.Payload == 0 {
			j.Payload = 1 << 20
		}
		m := &model{kind: j.Accept}
		var out bytes.Buffer
		if err := j.Object(t.Context(), strings.NewReader(in), &out, m); err != nil {
			t.Error(err)
		} else if out.String() != want {
			t.Errorf("%q: got %q, want %q", in, out.String(), want)
		}
	}
	f(Job{Split: Whole}, "a\nb", "A\nB")
	f(Job{Split: Line}, "a\nb\n", "AB")
	f(Job{Split: Line, Assemble: true}, "a\nb\n", "A\nB\n")
	f(Job{Split: Line, Assemble: true}, "a\r\nb", "A\nB\n")
	f(Job{Split: Line, Assemble: true}, "a\n\nb\n", "A\n\nB\n")
	f(Job{Split: Line, Multi: true, Assemble: true}, "a\nb\nc\n", "A\nB\nC\n")
	f(Job{Split: Line, Multi: true, Assemble: true, Payload: 3}, "a\nb\nc\nd\ne\n", "A\nB\nC\nD\nE\n")
	f(Job{Split: Line, Assemble: true}, "", "")
	csv := Job{Split: Line, Assemble: true, ContentType: "text/csv", Accept: "text/csv"}
	csv.Processing = paths(t, "$[1:]", "$")
	csv.Join = true
	f(csv, "1,x\n2,y\n", "1,x,X\n2,y,Y\n")
	csv.Multi = true
	f(csv, "1,x\n2,\"y,z\"\n", "1,x,X\n2,\"y,z\",\"Y,Z\"\n")
	csv.Processing = paths(t, "$[1:]", "$[0,-1]")
	csv.Join = true
	f(csv, "1,x\n2,y\n", "1,X\n2,Y\n")
	doc := Job{Split: Line, Assemble: true, ContentType: "application/jsonlines", Accept: "application/jsonlines"}
	doc.Processing = paths(t, "$.text", "$")
	doc.Join = true
	f(doc, `{"id":1,"text":"<a>"}`+"\n"+`{"id":2.50,"text":"b"}`, `{"id":1,"text":"<a>","SageMakerOutput":"<A>"}`+"\n"+`{"id":2.50,"text":"b","SageMakerOutput":"B"}`+"\n")
	doc.Processing = paths(t, "$.text", "$['id','SageMakerOutput']")
	doc.Join, doc.Multi = true, true
	f(doc, `{"id":1,"text":"a"}`+"\n"+`{"id":2,"text":"b"}`, `{"id":1,"SageMakerOutput":"A"}`+"\n"+`{"id":2,"SageMakerOutput":"B"}`+"\n")
	doc.Processing = paths(t, "$", "$")
	doc.Join = true
	f(doc, `"a"`, `{"SageMakerInput":"a","SageMakerOutput":"A"}`+"\n")
}

func TestOrderAndWidth(t *testing.T) {
	var in, want strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&in, "line %d\n", i)
		fmt.Fprintf(&want, "LINE %d\n", i)
	}
	m := &model{}
	j := Job{Split: Line, Assemble: true, Payload: 100, Slots: make(chan struct{}, 8)}
	var out bytes.Buffer
	if err := j.Object(t.Context(), strings.NewReader(in.String()), &out, m); err != nil || out.String() != want.String() {
		t.Errorf("%v; order kept: %v", err, out.String() == want.String())
	}
	if n := m.most.Load(); n < 2 || n > 8 || m.asked.Load() != 5000 {
		t.Errorf("%d at a time, %d in all", n, m.asked.Load())
	}
}

func TestFailures(t *testing.T) {
	f := func(j Job, in, fail, want string) {
		t.Helper()
		j.Slots = make(chan struct{}, 2)
		err := j.Object(t.Context(), strings.NewReader(in), io.Discard, &model{fail: fail, kind: j.Accept})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	f(Job{Split: Line, Payload: 10}, strings.Repeat("a\n", 100)+"x\n"+strings.Repeat("a\n", 100), "x", "the model failed")
	f(Job{Split: Line, Payload: 3}, "a\nabcd\n", "", "larger than the payload")
	f(Job{Split: Whole, Payload: 3}, "abcd", "", "larger than the payload")
	f(Job{Split: RecordIO, Payload: 100}, "abcdefgh", "", "not in RecordIO")
	f(Job{Split: TFRecord, Payload: 100}, "abcd", "", "ends within a record")
	j := Job{Split: Line, Payload: 100, ContentType: "text/csv", Accept: "text/csv", Processing: paths(t, "$[5]", "")}
	f(j, "a,b\n", "", "InputFilter: the record has nothing there")
	j = Job{Split: Line, Payload: 100, ContentType: "application/json", Accept: "application/json", Processing: Processing{Join: true}}
	f(j, "{\n", "", "no JSON")
}

func TestFrames(t *testing.T) {
	frame := func(text string) string {
		b := binary.LittleEndian.AppendUint32(nil, recordMagic)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
		return string(b) + text + strings.Repeat("\x00", (4-len(text)%4)%4)
	}
	r := newReader(strings.NewReader(frame("abc")+frame("defgh")), RecordIO, 100)
	for _, want := range []string{frame("abc"), frame("defgh")} {
		if got, err := r.next(); err != nil || string(got) != want {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if _, err := r.next(); err != io.EOF {
		t.Error(err)
	}
}

func TestPath(t *testing.T) {
	f := func(path, doc, want string) {
		t.Helper()
		p, err := ParsePath(path)
		if err == nil {
			var v any
			if v, err = decode([]byte(doc)); err == nil {
				if v, err = p.Choose(v); err == nil {
					var b []byte
					if b, err = encode(v); err == nil && string(b) != want {
						t.Errorf("%s of %s: got %s, want %s", path, doc, b, want)
					}
				}
			}
		}
		if (err != nil) != (want == "") {
			t.Errorf("%s of %s: %v", path, doc, err)
		}
	}
	f("", `{"a":1}`, `{"a":1}`)
	f("$", `[1]`, `[1]`)
	f("$.a.b", `{"a":{"b":2}}`, `2`)
	f("$['a']", `{"a":1,"b":2}`, `1`)
	f("$['a', 'c']", `{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`)
	f("$[0]", `[1,2]`, `1`)
	f("$[-1]", `[1,2]`, `2`)
	f("$[0,-1]", `[1,2,3]`, `[1,3]`)
	f("$[1:]", `[1,2,3]`, `[2,3]`)
	f("$[:-1]", `[1,2,3]`, `[1,2]`)
	f("$[5:]", `[1]`, `[]`)
	f("$.*", `{"a":1,"b":2}`, `[1,2]`)
	f("$[*].x", `[{"x":1},{"x":2}]`, `[1,2]`)
	f("$.a[1].b", `{"a":[0,{"b":5}]}`, `5`)
	for _, bad := range []string{"a", "$a", "$.", "$[", "$[x]", "$['a", "$['a'", "$[1:x]", "$..a", "$[?(@.a)]", "$" + strings.Repeat(".a", 200)} {
		f(bad, `{"a":1}`, "")
	}
	f("$.b", `{"a":1}`, "")
	f("$[3]", `[1]`, "")
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"$.a['b','c'][0,-1][1:2].*", "$[*]", "$"} {
		f.Add(s, `{"a":{"b":[1,2],"c":3}}`)
	}
	f.Fuzz(func(t *testing.T, path, doc string) {
		p, err := ParsePath(path)
		if err != nil {
			return
		}
		v, err := decode([]byte(doc))
		if err != nil {
			return
		}
		if v, err = p.Choose(v); err == nil {
			if _, err := encode(v); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("a\nb\r\n"), byte(1))
	f.Add([]byte("\x0a\x23\xd7\xce\x01\x00\x00\x00a\x00\x00\x00"), byte(2))
	f.Fuzz(func(t *testing.T, b []byte, how byte) {
		r := newReader(bytes.NewReader(b), []Split{Whole, Line, RecordIO, TFRecord}[how%4], 1000)
		for {
			record, err := r.next()
			if err != nil {
				return
			}
			if len(record) > 2100 {
				t.Errorf("a record of %d bytes", len(record))
			}
		}
	})
}
