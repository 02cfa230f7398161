package xgboost

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
)

// fuzzModel reads a model: it is refused, or predicts a row.
func fuzzModel(t *testing.T, b []byte) {
	m, err := readBooster(b)
	if err != nil {
		return
	}
	if m.inputs > 1<<20 || m.groups > 1<<16 {
		return
	}
	row, sums := make([]float32, m.inputs), make([]float32, m.groups)
	for _, fill := range []float32{0, 7, float32(math.NaN()), -1e30} {
		for i := range row {
			row[i] = fill
		}
		if got := m.predict(row, sums); len(got) != 1 && len(got) != m.groups {
			t.Fatalf("%d values for %d groups", len(got), m.groups)
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	for _, d := range []object{document("reg:squarederror", "[5E-1]", 1, stump(1, 2)), document("multi:softprob", "0.5", 2, stump(0, 1), stump(1, 0))} {
		b, err := json.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(fuzzModel)
}

func FuzzReadUBJ(f *testing.F) {
	f.Add(appendUBJ(nil, document("reg:squarederror", "[5E-1]", 1, stump(1, 2))))
	linear := document("binary:logistic", "[5E-1]", 1)
	linear.object("learner")["gradient_booster"] = object{"name": "gblinear", "model": object{"weights": []float64{1, 2, 3, 4}}}
	f.Add(appendUBJ(nil, linear))
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := parseUBJ(b); err == nil && !bytes.ContainsAny(b, "{[SCTFZiUIlLdD") {
			t.Fatalf("%q is %v", b, v)
		}
		fuzzModel(t, b)
	})
}

// appendUBJ writes what the tests' documents have.
func appendUBJ(b []byte, v any) []byte {
	text := func(s string) { b = append(append(b, 'U', byte(len(s))), s...) }
	switch v := v.(type) {
	case object:
		b = append(b, '{')
		for key, e := range v {
			text(key)
			b = appendUBJ(b, e)
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for _, e := range v {
			b = appendUBJ(b, e)
		}
		return append(b, ']')
	case []float64:
		b = append(b, '[', '$', 'i', '#', 'i', byte(len(v)))
		for _, f := range v {
			b = append(b, byte(int8(f)))
		}
	case string:
		b = append(b, 'S')
		text(v)
	}
	return b
}
