package kmeans

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/artifact"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// header is model.json.
type header struct {
	Algorithm  string `json:"algorithm"`
	Version    int    `json:"version"`
	K          int    `json:"k"`
	FeatureDim int    `json:"feature_dim"`
}

// Model finds the closest centre.
type Model struct {
	centers centers
	limits  learn.Limits
}

// Load reads a model.
func (a *Algorithm) Load(modelDir string, _ map[string]string) (learn.Model, error) {
	var h header
	values, err := artifact.Read(modelDir, &h, a.limits.Memory/2)
	if err != nil {
		return nil, err
	}
	if h.Algorithm != "kmeans" || h.Version != 1 {
		return nil, errors.New("the model is none of K-Means, or of a version that is not known")
	}
	if h.K < 1 || h.FeatureDim < 1 || h.K > len(values) || h.FeatureDim != len(values)/h.K || len(values)%h.K != 0 {
		return nil, errors.New("the model's centres are not as many as it says")
	}
	return &Model{centers: newCenters(values, h.FeatureDim), limits: a.limits}, nil
}

// Size is about how much memory the model takes.
func (m *Model) Size() int64 { return int64(len(m.centers.values)+len(m.centers.halves)) * 4 }

// Answers is JSON unless another type is asked for.
func (*Model) Answers(contentType, accept string) (string, error) {
	switch dataset.Kind(contentType) {
	case "", dataset.LIBSVM:
		return "", learn.UnsupportedType(contentType)
	}
	return learn.Negotiate(accept, dataset.JSON, dataset.Lines, dataset.CSV, dataset.RecordIO)
}

// Predict answers {"predictions": [{"closest_cluster": 1.0, "distance_to_cluster": 3.0}]}, in the order of the rows.
// https://docs.aws.amazon.com/sagemaker/latest/dg/km-in-formats.html
func (m *Model) Predict(ctx context.Context, contentType, accept string, in io.Reader, out io.Writer) error {
	kind, err := m.Answers(contentType, accept)
	if err != nil {
		return err
	}
	rows, err := dataset.Request(contentType, in, m.centers.dim, m.limits.Body)
	if err != nil {
		return err
	}
	n := rows.Len()
	answers := make([]float32, 2*n)
	parts := 1
	if n*len(m.centers.values) > 1<<18 {
		parts = m.limits.Threads
	}
	learn.Together(parts, func(part int) {
		row := make([]float32, m.centers.dim)
		first, last := learn.Share(n, parts, part)
		for i := first; i < last && ctx.Err() == nil; i++ {
			rows.Fill(i, row, 0)
			at, d := m.centers.nearest(row)
			answers[2*i], answers[2*i+1] = float32(at), float32(math.Sqrt(d))
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	fields := []dataset.Field{{Name: "closest_cluster"}, {Name: "distance_to_cluster"}}
	return dataset.Answer(kind, out, n, func(i int) []dataset.Field {
		fields[0].Values, fields[1].Values = answers[2*i:2*i+1], answers[2*i+1:2*i+2]
		return fields
	})
}
