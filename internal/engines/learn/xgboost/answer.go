package xgboost

import (
	"context"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// keysOf are what can be selected of an objective's predictions by SAGEMAKER_INFERENCE_OUTPUT.
// https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html
func keysOf(objective string) []string {
	switch objective {
	case "reg:squarederror", "reg:logistic", "reg:gamma", "reg:absoluteerror", "reg:tweedie":
		return []string{"predicted_score"}
	case "binary:logistic", "multi:softprob":
		return []string{"predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores"}
	case "binary:logitraw", "binary:hinge", "multi:softmax":
		return []string{"predicted_label", "labels", "raw_score", "raw_scores"}
	}
	return nil
}

// selectable fails when parts of predictions are selected that the objective doesn't have at all.
func (m *Model) selectable() error {
	if objective := m.boosters[0].objective; m.selected != nil && keysOf(objective) == nil {
		return &learn.RequestError{Status: http.StatusInternalServerError, Message: "Objective `" + objective + "` unsupported for selectable inference predictions."}
	}
	return nil
}

// answer predicts and writes a piece of the rows after the other.
func (m *Model) answer(ctx context.Context, kind string, rows *dataset.Rows, out io.Writer) error {
	width := m.boosters[0].groups
	if m.boosters[0].objective == "multi:softmax" {
		width = 1
	}
	step := max(1, min(piece, (1<<22)/width))
	predicted := make([]float32, min(step, rows.Len())*width)
	if kind == dataset.CSV || m.batch && m.selected == nil {
		return m.answerText(ctx, rows, width, step, predicted, out)
	}
	first, failed := -1, error(nil)
	var fields []dataset.Field
	err := dataset.Answer(kind, out, rows.Len(), func(i int) []dataset.Field {
		if first < 0 || i >= first+step {
			first = i
			if err := m.predictions(ctx, rows, first, min(step, rows.Len()-first), width, predicted); err != nil {
				failed = err
			}
		}
		prediction := predicted[(i-first)*width : (i-first+1)*width]
		fields = fields[:0]
		if m.selected == nil {
			return append(fields, dataset.Field{Name: "score", Values: prediction, List: width > 1})
		}
		for _, key := range m.selected {
			fields = append(fields, m.field(key, prediction))
		}
		return fields
	})
	if failed != nil {
		return failed
	}
	return err
}

// answerText writes a line for each row, as the container does for CSV and in batch transforms whatever they accept.
func (m *Model) answerText(ctx context.Context, rows *dataset.Rows, width, step int, predicted []float32, out io.Writer) error {
	var b []byte
	open, between, end := "", ",", "\n"
	if m.batch && width > 1 {
		open, between, end = "[", ", ", "]\n" // Python's own form of a list
	}
	for first := 0; first < rows.Len(); first += step {
		n := min(step, rows.Len()-first)
		if err := m.predictions(ctx, rows, first, n, width, predicted); err != nil {
			return err
		}
		b = b[:0]
		for i := range n {
			prediction := predicted[i*width : (i+1)*width]
			if m.selected != nil {
				b = append(m.appendSelected(b, prediction), '\n')
				continue
			}
			b = append(b, open...)
			for j, v := range prediction {
				if j > 0 {
					b = append(b, between...)
				}
				b = dataset.AppendNumber(b, v, false)
			}
			b = append(b, end...)
		}
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) appendSelected(b []byte, prediction []float32) []byte {
	for i, key := range m.selected {
		if i > 0 {
			b = append(b, ',')
		}
		f := m.field(key, prediction)
		if f.List {
			b = append(b, `"[`...)
		}
		for j, v := range f.Values {
			if j > 0 {
				b = append(b, ", "...)
			}
			if v != v {
				b = append(b, "nan"...)
				continue
			}
			b = dataset.AppendNumber(b, v, f.Whole)
		}
		if f.List {
			b = append(b, `]"`...)
		}
	}
	return b
}

// field is what is selected of a prediction; NaN when the objective doesn't have it.
func (m *Model) field(key string, prediction []float32) dataset.Field {
	objective := m.boosters[0].objective
	f := dataset.Field{Name: strings.ReplaceAll(strings.ReplaceAll(key, `"`, ""), `\`, ""), Values: []float32{nan()}}
	if !slices.Contains(keysOf(objective), key) {
		return f
	}
	several := objective == "multi:softprob"
	switch key {
	case "predicted_label":
		f.Values[0], f.Whole = prediction[0], false
		switch objective {
		case "binary:logistic":
			f.Values[0], f.Whole = step(prediction[0]-0.5), true
		case "binary:logitraw":
			f.Values[0], f.Whole = step(prediction[0]), true
		case "multi:softprob":
			f.Values, f.Whole = best(slices.Clone(prediction)), true
		}
	case "labels":
		f.Values, f.List, f.Whole = f.Values[:0], true, true
		for i := range max(2, m.boosters[0].classes) {
			f.Values = append(f.Values, float32(i))
		}
	case "probability", "raw_score", "predicted_score":
		if f.Values[0] = prediction[0]; several {
			f.Values[0] = slices.Max(prediction)
		}
	default: // probabilities, raw_scores
		if f.List, f.Values = true, slices.Clone(prediction); !several {
			f.Values = []float32{1 - prediction[0], prediction[0]}
		}
	}
	return f
}

func nan() float32 { return float32(math.NaN()) }
