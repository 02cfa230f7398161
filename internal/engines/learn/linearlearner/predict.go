package linearlearner

import (
	"context"
	"errors"
	"io"
	"math"

	"gonum.org/v1/gonum/blas/gonum"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/artifact"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// header is model.json.
type header struct {
	Algorithm     string  `json:"algorithm"`
	Version       int     `json:"version"`
	PredictorType string  `json:"predictor_type"`
	FeatureDim    int     `json:"feature_dim"`
	Outputs       int     `json:"outputs"`
	Loss          string  `json:"loss"`
	Threshold     float64 `json:"threshold"`
}

// Model is a linear model.
type Model struct {
	header
	weights, bias []float32
	limits        learn.Limits
}

// Load reads a model.
func (a *Algorithm) Load(modelDir string, _ map[string]string) (learn.Model, error) {
	m := &Model{limits: a.limits}
	numbers, err := artifact.Read(modelDir, &m.header, a.limits.Memory/2)
	if err != nil {
		return nil, err
	}
	if m.Algorithm != "linear-learner" || m.Version != 1 || losses[m.PredictorType] == nil {
		return nil, errors.New("the model is none of Linear Learner, or of a version that is not known")
	}
	if m.FeatureDim < 1 || m.Outputs < 1 || m.Outputs > len(numbers) || len(numbers)%m.Outputs != 0 || len(numbers)/m.Outputs-1 != m.FeatureDim ||
		m.PredictorType != multiclass && m.Outputs != 1 {
		return nil, errors.New("the model's weights are not as many as it says")
	}
	at := m.Outputs * m.FeatureDim
	m.weights, m.bias = numbers[:at], numbers[at:]
	return m, nil
}

// Size is about how much memory the model takes.
func (m *Model) Size() int64 { return int64(len(m.weights)+len(m.bias)) * 4 }

// Answers is JSON unless another type is asked for.
func (*Model) Answers(contentType, accept string) (string, error) {
	switch dataset.Kind(contentType) {
	case "", dataset.LIBSVM:
		return "", learn.UnsupportedType(contentType)
	}
	return learn.Negotiate(accept, dataset.JSON, dataset.Lines, dataset.CSV, dataset.RecordIO)
}

// piece is how many rows are scored before their answers are written.
const piece = 4096

// Predict answers {"predictions": [{"score": 0.4, "predicted_label": 0}]}, in the order of the rows. In CSV a line has the scores
// and then the label.
// https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html
func (m *Model) Predict(ctx context.Context, contentType, accept string, in io.Reader, out io.Writer) error {
	kind, err := m.Answers(contentType, accept)
	if err != nil {
		return err
	}
	rows, err := dataset.Request(contentType, in, m.FeatureDim, m.limits.Body)
	if err != nil {
		return err
	}
	step := max(1, min(rows.Len(), piece, (1<<22)/m.Outputs))
	scores := make([]float32, step*m.Outputs)
	fields := []dataset.Field{{Name: "score", List: m.PredictorType == multiclass}, {Name: "predicted_label", Values: []float32{0}, Whole: true}}
	if m.PredictorType == regressor {
		fields = fields[:1]
	}
	err = dataset.Answer(kind, out, rows.Len(), func(i int) []dataset.Field {
		at := i % step
		if at == 0 {
			m.score(ctx, rows, i, min(step, rows.Len()-i), scores)
		}
		fields[0].Values = scores[at*m.Outputs : (at+1)*m.Outputs]
		switch m.PredictorType {
		case binary:
			fields[1].Values[0] = float32(b2i(float64(fields[0].Values[0]) >= m.Threshold))
		case multiclass:
			fields[1].Values[0] = float32(most(fields[0].Values))
		}
		return fields
	})
	return errors.Join(ctx.Err(), err)
}

// score scores rows from first on, in several parts at once when there is much to do.
func (m *Model) score(ctx context.Context, rows *dataset.Rows, first, n int, scores []float32) {
	parts := 1
	if n*len(m.weights) > 1<<18 {
		parts = m.limits.Threads
	}
	learn.Together(parts, func(p int) {
		from, to := learn.Share(n, parts, p)
		for i := from; i < to && ctx.Err() == nil; i++ {
			values, index := rows.Row(first + i)
			out := scores[i*m.Outputs : (i+1)*m.Outputs]
			score(m.weights, m.bias, values, index, out)
			finish(m.Loss, out)
		}
	})
}

// score sets out to the scores of a row.
func score(weights, bias, values []float32, index []int32, out []float32) {
	var blas gonum.Implementation
	width := len(weights) / len(bias)
	copy(out, bias)
	for o := range out {
		w := weights[o*width : (o+1)*width]
		if index == nil {
			out[o] += blas.Sdot(width, values, 1, w, 1)
			continue
		}
		for k, j := range index {
			out[o] += values[k] * w[j]
		}
	}
}

// finish turns scores into probabilities where the loss makes them so.
func finish(loss string, v []float32) []float32 {
	switch loss {
	case "logistic":
		v[0] = float32(1 / (1 + math.Exp(-float64(v[0]))))
	case "softmax_loss":
		top, sum := v[most(v)], 0.0
		for i, s := range v {
			v[i] = float32(math.Exp(float64(s - top)))
			sum += float64(v[i])
		}
		for i := range v {
			v[i] = float32(float64(v[i]) / sum)
		}
	}
	return v
}

// most is where the largest is.
func most(v []float32) int {
	best := 0
	for i, s := range v {
		if s > v[best] {
			best = i
		}
	}
	return best
}
