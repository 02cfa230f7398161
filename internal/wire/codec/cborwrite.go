package codec

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"
)

// cborWriter appends CBOR as rpcv2Cbor has it: definite lengths where they are known, timestamps as tag 1.
type cborWriter struct {
	svc *Service
	b   []byte
	err error
}

const (
	cborUint  = 0 << 5
	cborNeg   = 1 << 5
	cborBytes = 2 << 5
	cborText  = 3 << 5
	cborArray = 4 << 5
	cborMap   = 5 << 5
	cborTag   = 6 << 5
)

func (w *cborWriter) head(major byte, n uint64) {
	switch {
	case n < 24:
		w.b = append(w.b, major|byte(n))
	case n <= math.MaxUint8:
		w.b = append(w.b, major|24, byte(n))
	case n <= math.MaxUint16:
		w.b = binary.BigEndian.AppendUint16(append(w.b, major|25), uint16(n))
	case n <= math.MaxUint32:
		w.b = binary.BigEndian.AppendUint32(append(w.b, major|26), uint32(n))
	default:
		w.b = binary.BigEndian.AppendUint64(append(w.b, major|27), n)
	}
}

func (w *cborWriter) text(s string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	w.head(cborText, uint64(len(s)))
	w.b = append(w.b, s...)
}

func (w *cborWriter) int(i int64) {
	if i < 0 {
		w.head(cborNeg, uint64(-(i + 1)))
		return
	}
	w.head(cborUint, uint64(i))
}

func (w *cborWriter) float(f float64) {
	w.b = binary.BigEndian.AppendUint64(append(w.b, 0xfb), math.Float64bits(f))
}

// structure writes a map. Its length isn't known before, hence the indefinite form; extra adds to it.
func (w *cborWriter) structure(members []*slot, v reflect.Value, extra func()) {
	w.b = append(w.b, 0xbf)
	if extra != nil {
		extra()
	}
	for _, m := range members {
		held, ok := m.value(v.FieldByIndex(m.index))
		if !ok && !(m.required && (m.node.kind == listKind || m.node.kind == mapKind)) {
			continue
		}
		w.text(m.wire)
		w.value(m, held)
	}
	w.b = append(w.b, 0xff)
}

func (w *cborWriter) element(m *slot, v reflect.Value) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		held, ok := m.value(v)
		if !ok {
			w.b = append(w.b, 0xf6)
			return
		}
		v = held
	}
	w.value(m, v)
}

func (w *cborWriter) value(m *slot, v reflect.Value) {
	n := m.node
	switch n.kind {
	case structKind:
		w.structure(n.members, v, nil)
	case listKind:
		w.head(cborArray, uint64(v.Len()))
		for i := range v.Len() {
			w.element(n.elem, v.Index(i))
		}
	case mapKind:
		w.head(cborMap, uint64(v.Len()))
		for _, k := range sortedKeys(v) {
			w.text(k.String())
			w.element(n.elem, v.MapIndex(k))
		}
	case unionKind:
		u := reflect.Indirect(v.Elem())
		x, err := w.svc.variant(n, u.Type())
		if err != nil {
			w.err = err
			return
		}
		w.head(cborMap, 1)
		w.text(x.wire)
		w.element(x, u.FieldByIndex(x.index))
	case documentKind:
		raw, err := documentJSON(v.Interface())
		var doc any
		if err == nil {
			err = json.Unmarshal(raw, &doc)
		}
		if err != nil {
			w.err = err
			return
		}
		w.any(doc)
	case stringKind:
		w.text(v.String())
	case intKind:
		w.int(v.Int())
	case floatKind:
		w.float(v.Float())
	case boolKind:
		w.bool(v.Bool())
	case blobKind:
		if v.Kind() == reflect.Slice {
			w.head(cborBytes, uint64(v.Len()))
			w.b = append(w.b, v.Bytes()...)
		} else {
			w.head(cborBytes, 0)
		}
	case timeKind:
		t := v.Interface().(time.Time)
		w.head(cborTag, 1)
		if ms := t.UnixMilli(); ms%1000 != 0 {
			w.float(float64(ms) / 1000)
		} else {
			w.int(ms / 1000)
		}
	}
}

func (w *cborWriter) bool(b bool) {
	if b {
		w.b = append(w.b, 0xf5)
	} else {
		w.b = append(w.b, 0xf4)
	}
}

// any writes what a JSON text holds.
func (w *cborWriter) any(v any) {
	switch x := v.(type) {
	case map[string]any:
		w.head(cborMap, uint64(len(x)))
		for k, e := range x {
			w.text(k)
			w.any(e)
		}
	case []any:
		w.head(cborArray, uint64(len(x)))
		for _, e := range x {
			w.any(e)
		}
	case string:
		w.text(x)
	case float64:
		w.float(x)
	case bool:
		w.bool(x)
	default:
		w.b = append(w.b, 0xf6)
	}
}

func (w *cborWriter) failure(f failure) {
	var members []*slot
	hasMessage := false
	if f.node != nil {
		members = f.node.members
		for _, m := range members {
			if strings.EqualFold(m.name, "message") {
				_, hasMessage = m.value(f.value.FieldByIndex(m.index))
			}
		}
	}
	w.structure(members, f.value, func() {
		w.text("__type")
		w.text(f.name)
		if !hasMessage && f.message != "" {
			w.text("message")
			w.text(f.message)
		}
	})
}
