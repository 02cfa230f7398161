package dataset

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field is a part of an answer.
type Field struct {
	Name   string
	Values []float32
	List   bool // written as a list in JSON
	Whole  bool // written without a point
}

// Answer writes answers in a format: JSON {"predictions": [{…}]}, JSON Lines, CSV or RecordIO. fields gives those of one, valid
// until it is called again.
func Answer(kind string, out io.Writer, n int, fields func(i int) []Field) error {
	b := make([]byte, 0, 1<<16)
	if kind == JSON {
		b = append(b, `{"predictions": [`...)
	}
	for i := range n {
		list := fields(i)
		switch kind {
		case CSV:
			b = appendCSV(b, list)
		case RecordIO:
			b = appendRecord(b, list)
		case JSON:
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendObject(b, list)
		default:
			b = append(appendObject(b, list), '\n')
		}
		if len(b) > 1<<15 {
			if _, err := out.Write(b); err != nil {
				return err
			}
			b = b[:0]
		}
	}
	if kind == JSON {
		b = append(b, "]}"...)
	}
	_, err := out.Write(b)
	return err
}

func appendObject(b []byte, fields []Field) []byte {
	b = append(b, '{')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(append(b, '"'), f.Name...), `": `...)
		if f.List {
			b = append(b, '[')
		}
		for j, v := range f.Values {
			if j > 0 {
				b = append(b, ", "...)
			}
			b = AppendNumber(b, v, f.Whole)
		}
		if f.List {
			b = append(b, ']')
		}
	}
	return append(b, '}')
}

func appendCSV(b []byte, fields []Field) []byte {
	for _, f := range fields {
		for _, v := range f.Values {
			b = append(AppendNumber(b, v, f.Whole), ',')
		}
	}
	b[len(b)-1] = '\n'
	return b
}

// appendRecord writes a record with the fields as its label.
func appendRecord(b []byte, fields []Field) []byte {
	var record []byte
	for _, f := range fields {
		values := make([]byte, 0, 4*len(f.Values))
		for _, v := range f.Values {
			values = binary.LittleEndian.AppendUint32(values, math.Float32bits(v))
		}
		tensor := appendMessage(nil, 1, values)
		entry := append(appendMessage(nil, 1, []byte(f.Name)), appendMessage(nil, 2, appendMessage(nil, fieldFloat32, tensor))...)
		record = appendMessage(record, 2, entry)
	}
	return appendPart(b, record)
}

func appendPart(b, record []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, recordMagic)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(record)))
	b = append(b, record...)
	return append(b, make([]byte, -len(record)&3)...)
}

func appendMessage(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

// AppendNumber writes a number as Python does: 1.0, and 1 when it is to be whole. What is no number is written as NaN, as
// Python's json module has it.
func AppendNumber(b []byte, f float32, whole bool) []byte {
	if f != f {
		return append(b, "NaN"...)
	}
	if math.IsInf(float64(f), 0) {
		if f < 0 {
			b = append(b, '-')
		}
		return append(b, "Infinity"...)
	}
	at := len(b)
	format := byte('g')
	if a := math.Abs(float64(f)); a < 1e16 && a >= 1e-4 || a == 0 {
		format = 'f'
	}
	b = strconv.AppendFloat(b, float64(f), format, -1, 32)
	if !whole && !bytes.ContainsAny(b[at:], ".e") {
		b = append(b, ".0"...)
	}
	return b
}
