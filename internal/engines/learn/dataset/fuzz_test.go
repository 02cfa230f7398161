package dataset

import "testing"

// FuzzRead reads bodies of every content type: they are refused, or give rows that hold together.
func FuzzRead(f *testing.F) {
	kinds := []string{"text/csv", "text/csv;label_size=1", JSON, Lines, LIBSVM, RecordIO, ""}
	for i, s := range []string{"1,2\n3,4", "1;2", `{"instances":[{"features":[1]},{"data":{"features":{"keys":[1],"values":[2],"shape":[3]}}}]}`,
		"{\"features\":[1,2]}\n", "1 1:2 3:4\n", "", ""} {
		f.Add([]byte(s), uint8(i), true)
	}
	for _, r := range []*Rows{{Width: 2, Values: []float32{1, 2}, Labels: []float32{3}, rows: 1},
		{Width: 9, Values: []float32{1, 2}, Index: []int32{3, 8}, Starts: []int{0, 2}, rows: 1}} {
		f.Add(Encode(r), uint8(5), false)
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8, flag bool) {
		r, err := Read(kinds[int(kind)%len(kinds)], b, Options{Label: flag, Missing: !flag})
		if err != nil {
			return
		}
		if n := len(r.Labels); n > 0 && n != r.Len() || r.Len() == 0 || r.Bytes() > 64*int64(len(b))+1<<12 {
			t.Fatalf("%d rows, %d labels, %d bytes of %d", r.Len(), n, r.Bytes(), len(b))
		}
		sum := 0
		for i := range r.Len() {
			values, index := r.Row(i)
			if sum += len(values); r.Sparse() && len(index) != len(values) {
				t.Fatalf("row %d has %d values and %d columns", i, len(values), len(index))
			}
			for _, c := range index {
				if c < 0 || int(c) >= r.Width {
					t.Fatalf("column %d of %d", c, r.Width)
				}
			}
		}
		if sum != len(r.Values) {
			t.Fatalf("%d of %d values", sum, len(r.Values))
		}
	})
}
