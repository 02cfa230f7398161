package dataset

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Rows are rows of numbers. They are dense, with Values row after row, or sparse, with the column of each value in Index.
type Rows struct {
	Width  int       // columns
	Labels []float32 // one for each row; empty when the rows have none
	Values []float32
	Index  []int32 // of sparse rows
	Starts []int   // of sparse rows: where each begins in Values, and the end of the last
	rows   int
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.rows }

// Sparse tells whether the rows give columns.
func (r *Rows) Sparse() bool { return r.Starts != nil }

// Row gives the values of a row and, when the rows are sparse, their columns.
func (r *Rows) Row(i int) (values []float32, index []int32) {
	if !r.Sparse() {
		return r.Values[i*r.Width : (i+1)*r.Width], nil
	}
	return r.Values[r.Starts[i]:r.Starts[i+1]], r.Index[r.Starts[i]:r.Starts[i+1]]
}

// Fill writes a row with all its columns; what a sparse row doesn't give becomes rest.
func (r *Rows) Fill(i int, row []float32, rest float32) {
	values, index := r.Row(i)
	if !r.Sparse() {
		copy(row, values)
		return
	}
	for j := range row {
		row[j] = rest
	}
	for j, column := range index {
		if int(column) < len(row) {
			row[column] = values[j]
		}
	}
}

// errRagged is a row that is as long as no other.
type errRagged struct{ row, width, want int }

func (e errRagged) Error() string {
	return fmt.Sprintf("row %d has %d columns where the first has %d", e.row, e.width, e.want)
}

var errLabels = errors.New("some rows have a label and some have none")

// add appends a row; index is nil when it is dense, and width then its length. The values are copied.
func (r *Rows) add(values []float32, index []int32, width int, label float32, labelled bool) error {
	if labelled != (len(r.Labels) > 0) && r.rows > 0 {
		return errLabels
	}
	if labelled {
		r.Labels = append(r.Labels, label)
	}
	switch {
	case index == nil && !r.Sparse():
		if r.rows > 0 && len(values) != r.Width {
			return errRagged{r.rows + 1, len(values), r.Width}
		}
		r.Width = len(values)
	case index == nil:
		for i := range values {
			r.Index = append(r.Index, int32(i))
		}
		r.Width = max(r.Width, len(values))
	default:
		if !r.Sparse() {
			r.spread()
		}
		if len(index) != len(values) {
			return fmt.Errorf("row %d has %d keys and %d values", r.rows+1, len(index), len(values))
		}
		for _, c := range index {
			if c < 0 || c == math.MaxInt32 || width > 0 && int(c) >= width {
				return fmt.Errorf("row %d has a key %d out of range", r.rows+1, c)
			}
			r.Width = max(r.Width, int(c)+1)
		}
		r.Width = max(r.Width, width)
		r.Index = append(r.Index, index...)
	}
	r.Values = append(r.Values, values...)
	r.rows++
	if r.Sparse() {
		r.Starts = append(r.Starts, len(r.Values))
	}
	return nil
}

// spread makes dense rows sparse.
func (r *Rows) spread() {
	r.Starts = []int{0}
	for i := range r.rows {
		for c := range r.Width {
			r.Index = append(r.Index, int32(c))
		}
		r.Starts = append(r.Starts, (i+1)*r.Width)
	}
}

// Append appends other rows.
func (r *Rows) Append(more *Rows) error {
	if r.rows == 0 {
		*r = *more
		return nil
	}
	if !r.Sparse() && !more.Sparse() && (len(r.Labels) > 0) == (len(more.Labels) > 0) {
		if r.Width != more.Width {
			return errRagged{r.rows + 1, more.Width, r.Width}
		}
		r.Values, r.Labels = append(r.Values, more.Values...), append(r.Labels, more.Labels...)
		r.rows += more.rows
		return nil
	}
	for i := range more.Len() {
		values, index := more.Row(i)
		if more.Sparse() && index == nil {
			index = []int32{}
		}
		label := float32(0)
		if len(more.Labels) > 0 {
			label = more.Labels[i]
		}
		if err := r.add(values, index, more.Width, label, len(more.Labels) > 0); err != nil {
			return err
		}
	}
	return nil
}

// Bytes is about how much memory the rows take.
func (r *Rows) Bytes() int64 {
	return int64(cap(r.Values)+cap(r.Index)+cap(r.Labels))*4 + int64(cap(r.Starts))*8
}

// finite tells whether all values are numbers; missing lets NaN through, not infinity.
func finite(values []float32, missing bool) bool {
	return !slices.ContainsFunc(values, func(f float32) bool { return f-f != 0 && !(missing && f != f) })
}
