package dataset

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Encode writes rows as RecordIO with tensors of float32, as the SageMaker SDK does for built-in algorithms.
func Encode(r *Rows) []byte {
	var out []byte
	for i := range r.Len() {
		values, index := r.Row(i)
		record := appendMessage(nil, 1, encodeEntry(values, index, r.Width))
		if len(r.Labels) > 0 {
			record = appendMessage(record, 2, encodeEntry(r.Labels[i:i+1], nil, 0))
		}
		out = appendPart(out, record)
	}
	return out
}

func encodeEntry(values []float32, index []int32, width int) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	tensor := appendMessage(nil, 1, b)
	if index != nil {
		var keys []byte
		for _, c := range index {
			keys = protowire.AppendVarint(keys, uint64(c))
		}
		tensor = appendMessage(appendMessage(tensor, 2, keys), 3, protowire.AppendVarint(nil, uint64(width)))
	}
	return append(appendMessage(nil, 1, []byte("values")), appendMessage(nil, 2, appendMessage(nil, fieldFloat32, tensor))...)
}
