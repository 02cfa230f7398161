package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// recordMagic begins a part of RecordIO.
const recordMagic = 0xced7230a

// Tensors of a record's values by the number of their field.
// https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
const (
	fieldFloat32 = 2
	fieldFloat64 = 3
	fieldInt32   = 7
)

var errRecord = errors.New("a record is cut off or not of AWS's form")

// readRecordIO reads records with one tensor of features each, and one of a label.
func (r *Rows) readRecordIO(body []byte, o Options) error {
	for n := 1; len(body) > 0; n++ {
		record, rest, err := nextRecord(body)
		if err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		body = rest
		if err := r.addRecord(record, o); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
	}
	return nil
}

// nextRecord takes a record off a body. A record may lie in several parts.
func nextRecord(body []byte) (record, rest []byte, err error) {
	for first := true; ; first = false {
		if len(body) < 8 || binary.LittleEndian.Uint32(body) != recordMagic {
			return nil, nil, errors.New("it is not RecordIO")
		}
		head := binary.LittleEndian.Uint32(body[4:])
		part, size := head>>29, int(head&(1<<29-1))
		padded := (size + 3) &^ 3
		if padded > len(body)-8 {
			if size != len(body)-8 {
				return nil, nil, errors.New("it is cut off")
			}
			padded = size // the last may go without its padding
		}
		data := body[8 : 8+size]
		body = body[8+padded:]
		switch {
		case part == 0 && first:
			return data, body, nil
		case part == 1 && first:
			record = append(record, data...)
		case (part == 2 || part == 3) && !first:
			record = binary.LittleEndian.AppendUint32(record, recordMagic) // what was cut out between the parts
			record = append(record, data...)
			if part == 3 {
				return record, body, nil
			}
		default:
			return nil, nil, errors.New("its parts are out of order")
		}
	}
}

// tensor is values with, when they are sparse, their keys.
type tensor struct {
	values []float32
	keys   []int32
	shape  int
}

func (r *Rows) addRecord(b []byte, o Options) error {
	var features, label *tensor
	err := eachField(b, func(field protowire.Number, v []byte) error {
		if field != 1 && field != 2 {
			return nil
		}
		t, err := readEntry(v)
		if err != nil || t == nil {
			return err
		}
		if field == 1 {
			features = t
		} else {
			label = t
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case features == nil:
		return errors.New("it has no features with the key values")
	case !finite(features.values, o.Missing) || label != nil && !finite(label.values, false):
		return errors.New("a value is out of range")
	}
	value, labelled := float32(0), o.Label && label != nil && len(label.values) == 1
	if labelled {
		value = label.values[0]
	}
	return r.add(features.values, features.keys, features.shape, value, labelled)
}

// readEntry reads an entry of a map from names to tensors; nil when its name is not values.
func readEntry(b []byte) (*tensor, error) {
	name, t := "", &tensor{}
	err := eachField(b, func(field protowire.Number, v []byte) error {
		switch field {
		case 1:
			name = string(v)
		case 2:
			return eachField(v, func(kind protowire.Number, v []byte) error {
				if kind == fieldFloat32 || kind == fieldFloat64 || kind == fieldInt32 {
					return t.read(kind, v)
				}
				return errors.New("it has a value that is no tensor of numbers")
			})
		}
		return nil
	})
	if err != nil || name != "values" {
		return nil, err
	}
	return t, nil
}

// read reads a tensor: values, keys and a shape, each packed.
func (t *tensor) read(kind protowire.Number, b []byte) error {
	return eachField(b, func(field protowire.Number, v []byte) error {
		switch field {
		case 1:
			return t.readValues(kind, v)
		case 2, 3:
			for len(v) > 0 {
				n, size := protowire.ConsumeVarint(v)
				if size < 0 || n >= math.MaxInt32 {
					return errRecord
				}
				if v = v[size:]; field == 2 {
					t.keys = append(t.keys, int32(n))
				} else {
					t.shape = int(n)
				}
			}
		}
		return nil
	})
}

func (t *tensor) readValues(kind protowire.Number, v []byte) error {
	if t.values == nil {
		t.values = make([]float32, 0, len(v)/4)
	}
	for len(v) > 0 {
		switch {
		case kind == fieldFloat32 && len(v) >= 4:
			t.values, v = append(t.values, math.Float32frombits(binary.LittleEndian.Uint32(v))), v[4:]
		case kind == fieldFloat64 && len(v) >= 8:
			t.values, v = append(t.values, float32(math.Float64frombits(binary.LittleEndian.Uint64(v)))), v[8:]
		case kind == fieldInt32:
			n, size := protowire.ConsumeVarint(v)
			if size < 0 {
				return errRecord
			}
			t.values, v = append(t.values, float32(int32(n))), v[size:]
		default:
			return errRecord
		}
	}
	return nil
}

// eachField calls f with each field of a message. A number that is not packed comes as the bytes that a packed one has.
func eachField(b []byte, f func(field protowire.Number, v []byte) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errRecord
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(number, kind, b)
		if size < 0 {
			return errRecord
		}
		v := b[:size]
		b = b[size:]
		if kind == protowire.StartGroupType {
			continue
		}
		if kind == protowire.BytesType {
			v, _ = protowire.ConsumeBytes(v)
		}
		if err := f(number, v); err != nil {
			return err
		}
	}
	return nil
}
