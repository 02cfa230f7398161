package blazingtext

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas/gonum"
)

// What fastText calls its losses and models in a file.
const (
	lossHierarchical = 1
	lossNegative     = 2
	lossSoftmax      = 3
	lossOneVsAll     = 4
	modelSupervised  = 3
)

// args are the settings that fastText keeps in a model's file, in its order.
type args struct {
	Dim, WS, Epoch, MinCount, Neg, WordNgrams, Loss, Model, Bucket, MinN, MaxN, LRUpdateRate int32
	T                                                                                        float64
}

// Model is a classifier of texts.
type Model struct {
	args
	words         dictionary
	input, output []float32 // rows of Dim numbers: of words and then buckets; of labels
	bucket        []int32   // where a bucket's row is, -1 when it is all zeros; nil when they follow the words' in order
	tree          *tree     // of a model with hierarchical softmax
	body          int64     // bytes of a request at most
	threads       int       // for a large request
}

// Size is about how much memory the model takes.
func (m *Model) Size() int64 {
	return int64(len(m.input)+len(m.output))*4 + int64(len(m.words.entries))*64 + int64(len(m.words.slots)+len(m.bucket))*4
}

// mean sets hidden to the mean of n rows of the input; those that are not given are zeros.
func (m *Model) mean(rows []int32, n int, hidden []float32) {
	var blas gonum.Implementation
	dim := len(hidden)
	clear(hidden)
	for _, r := range rows {
		blas.Saxpy(dim, 1, m.input[int(r)*dim:], 1, hidden, 1)
	}
	blas.Sscal(dim, 1/float32(n), hidden, 1)
}

// softmax sets scores to the probabilities of labels.
func softmax(output, hidden, scores []float32) {
	var blas gonum.Implementation
	dim := len(hidden)
	for i := range scores {
		scores[i] = blas.Sdot(dim, output[i*dim:], 1, hidden, 1)
	}
	most, sum := slices.Max(scores), float32(0)
	for i, s := range scores {
		scores[i] = float32(math.Exp(float64(s - most)))
		sum += scores[i]
	}
	blas.Sscal(len(scores), 1/sum, scores, 1)
}

// scoresOf sets scores to the probabilities of labels by the model's loss.
func (m *Model) scoresOf(hidden, scores []float32) {
	switch m.Loss {
	case lossSoftmax:
		softmax(m.output, hidden, scores)
	case lossHierarchical:
		m.tree.scores(m.output, hidden, scores)
	default: // each label for itself
		for i := range scores {
			scores[i] = tabled(dot(m.output[i*len(hidden):], hidden))
		}
	}
}

func dot(row, hidden []float32) float64 {
	var blas gonum.Implementation
	return float64(blas.Sdot(len(hidden), row, 1, hidden, 1))
}

func sigmoid(x float64) float32 { return float32(1 / (1 + math.Exp(-x))) }

// tabled is the sigmoid as fastText has it for these losses: of steps of 1/32, from a table.
func tabled(x float64) float32 {
	switch {
	case x < -8:
		return 0
	case x > 8:
		return 1
	}
	return sigmoid(math.Floor(x*32) / 32)
}

// right tells whether the best label of a text is one of some.
func (m *Model) right(rows, labels []int32, hidden, scores []float32) bool {
	if len(rows) == 0 || len(labels) == 0 {
		return false
	}
	m.mean(rows, len(rows), hidden)
	m.scoresOf(hidden, scores)
	best := 0
	for i, s := range scores {
		if s > scores[best] {
			best = i
		}
	}
	return slices.Contains(labels, int32(best))
}
