package linearlearner

import (
	"math"

	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// scale is how rows and labels were moved and stretched before the training: x becomes (x-shift)/stretch.
type scale struct {
	shift, stretch           []float32
	labelShift, labelStretch float32
}

// newScale measures the first rows. Rows that are sparse are stretched but not moved, so that they stay sparse.
func newScale(s settings, rows *dataset.Rows) scale {
	c := scale{shift: make([]float32, rows.Width), stretch: make([]float32, rows.Width), labelStretch: 1}
	n := min(rows.Len(), s.Int("num_point_for_scaler"))
	sums, squares := make([]float64, rows.Width), make([]float64, rows.Width)
	for i := range n {
		values, index := rows.Row(i)
		for j, v := range values {
			at := j
			if index != nil {
				at = int(index[j])
			}
			sums[at] += float64(v)
			squares[at] += float64(v) * float64(v)
		}
	}
	normalize := s.chosen("normalize_data", true)
	move := s.Bool("use_bias") && s.chosen("unbias_data", true) && !rows.Sparse()
	for j := range c.stretch {
		mean := sums[j] / float64(n)
		c.stretch[j] = 1
		if deviation := math.Sqrt(max(0, squares[j]/float64(n)-mean*mean)); normalize && deviation > 1e-7*math.Abs(mean) && deviation > 1e-30 {
			c.stretch[j] = float32(deviation)
		}
		if move {
			c.shift[j] = float32(mean)
		}
	}
	if s.kind == regressor {
		c.label(s, rows.Labels[:n])
	}
	return c
}

func (c *scale) label(s settings, labels []float32) {
	sum, squares := 0.0, 0.0
	for _, l := range labels {
		sum += float64(l)
	}
	mean := sum / float64(len(labels))
	for _, l := range labels {
		squares += (float64(l) - mean) * (float64(l) - mean)
	}
	normalize := s.chosen("normalize_label", true)
	if deviation := math.Sqrt(squares / float64(len(labels))); normalize && deviation > 1e-30 {
		c.labelStretch = float32(deviation)
	}
	if s.Bool("use_bias") && s.chosen("unbias_label", true) {
		c.labelShift = float32(mean)
	}
}

// apply changes rows and labels in place.
func (c scale) apply(rows *dataset.Rows) {
	for i := range rows.Len() {
		values, index := rows.Row(i)
		for j := range values {
			at := j
			if index != nil {
				at = int(index[j])
			}
			values[j] = (values[j] - c.shift[at]) / c.stretch[at]
		}
	}
	for i, l := range rows.Labels {
		rows.Labels[i] = (l - c.labelShift) / c.labelStretch
	}
}

// undo turns weights and an intercept for scaled rows into those for rows as they come.
func (c scale) undo(weights []float32, intercept float32) float32 {
	b := float64(intercept)
	for j, w := range weights {
		w /= c.stretch[j]
		b -= float64(w) * float64(c.shift[j])
		weights[j] = w * c.labelStretch
	}
	return float32(b)*c.labelStretch + c.labelShift
}
