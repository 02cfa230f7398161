package linearlearner

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas/gonum"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// variant is what sets one of the models that are trained together apart.
type variant struct{ rate, wd, l1 float64 }

// variants are as many as are wanted: the first as the hyperparameters say, the others near it.
func variants(s settings, n int) []variant {
	rate := s.number("learning_rate", map[string]float64{"sgd": 0.1, "rmsprop": 0.02}[s.Text("optimizer")])
	if rate == 0 {
		rate = 0.05
	}
	var list []variant
	for _, penalty := range []struct{ wd, l1 float64 }{{0, 0}, {1e-4, 0}, {0, 1e-4}, {1e-2, 0}, {1e-3, 1e-3}} {
		for _, pace := range []float64{1, 4, 0.2} {
			v := variant{rate: rate * pace, wd: s.number("wd", penalty.wd), l1: s.number("l1", penalty.l1)}
			if !s.Auto("wd") {
				v.wd *= 1 + 1000*penalty.wd
			}
			if !s.Auto("l1") {
				v.l1 *= 1 + 1000*penalty.l1
			}
			list = append(list, v)
		}
	}
	for len(list) < n { // many are wanted: paces between those above
		list = append(list, variant{rate: rate * math.Pow(2, float64(len(list)%7-3)/2), wd: list[len(list)%15].wd, l1: list[len(list)%15].l1})
	}
	return list[:n]
}

// models are linear models that are trained together. The weights of a feature lie side by side: of each model, and of each of its
// outputs.
type models struct {
	features, columns int // columns: models times outputs
	weights, bias     []float32
	rates, wd, l1     []float32 // of each column
	optimizer         string
	beta1, beta2      float32
	biasRate, biasWD  float32 // to what the rates are multiplied for intercepts
	first, second     []float32
	useBias           bool
	steps             int
}

func newModels(s settings, list []variant, features int) *models {
	m := &models{features: features, columns: len(list) * s.outputs, optimizer: s.Text("optimizer"), useBias: s.Bool("use_bias"),
		biasRate: float32(s.number("bias_lr_mult", 1)), biasWD: float32(s.number("bias_wd_mult", 0))}
	m.weights, m.bias = make([]float32, features*m.columns), make([]float32, m.columns)
	m.first, m.second = make([]float32, len(m.weights)+m.columns), make([]float32, len(m.weights)+m.columns)
	switch m.optimizer {
	case "auto", "adam":
		m.optimizer = "adam"
		m.beta1, m.beta2 = float32(s.number("beta_1", 0.9)), float32(s.number("beta_2", 0.999))
	case "sgd":
		m.beta1 = float32(s.number("momentum", 0.9))
	default:
		m.beta2 = 0.9
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range m.weights {
		if s.Text("init_method") == "normal" {
			m.weights[i] = float32(random.NormFloat64() * s.Float("init_sigma"))
		} else {
			m.weights[i] = float32((2*random.Float64() - 1) * s.Float("init_scale"))
		}
	}
	for i := range m.columns {
		v := list[i/s.outputs]
		m.bias[i] = float32(s.Float("init_bias")) * float32(b2i(m.useBias))
		m.rates, m.wd, m.l1 = append(m.rates, float32(v.rate)), append(m.wd, float32(v.wd)), append(m.l1, float32(v.l1))
	}
	return m
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// score sets scores to those of a row, of all columns.
func (m *models) score(rows *dataset.Rows, i int, scores []float32) {
	var blas gonum.Implementation
	values, index := rows.Row(i)
	copy(scores, m.bias)
	switch {
	case m.columns == 1 && index == nil:
		scores[0] += blas.Sdot(len(values), values, 1, m.weights, 1)
	case index == nil:
		for j, v := range values {
			blas.Saxpy(m.columns, v, m.weights[j*m.columns:], 1, scores, 1)
		}
	default:
		for k, j := range index {
			blas.Saxpy(m.columns, values[k], m.weights[int(j)*m.columns:], 1, scores, 1)
		}
	}
}

// gradient is the sum of the slopes of some rows.
type gradient struct {
	sum    []float32 // like the weights, with those of the intercepts behind
	scores []float32
	losses []float64 // of each model
}

func (m *models) newGradient(outputs int) *gradient {
	return &gradient{sum: make([]float32, len(m.weights)+m.columns), scores: make([]float32, m.columns), losses: make([]float64, m.columns/outputs)}
}

// add adds a row's slopes times its weight.
func (g *gradient) add(m *models, rows *dataset.Rows, i int, weight float32, loss func([]float32, float32) float64) {
	var blas gonum.Implementation
	m.score(rows, i, g.scores)
	outputs := m.columns / len(g.losses)
	for k := range g.losses {
		g.losses[k] += float64(weight) * loss(g.scores[k*outputs:(k+1)*outputs], rows.Labels[i])
	}
	if weight != 1 {
		blas.Sscal(m.columns, weight, g.scores, 1)
	}
	values, index := rows.Row(i)
	switch {
	case m.columns == 1 && index == nil:
		blas.Saxpy(len(values), g.scores[0], values, 1, g.sum, 1)
	case index == nil:
		for j, v := range values {
			blas.Saxpy(m.columns, v, g.scores, 1, g.sum[j*m.columns:], 1)
		}
	default:
		for k, j := range index {
			blas.Saxpy(m.columns, values[k], g.scores, 1, g.sum[int(j)*m.columns:], 1)
		}
	}
	blas.Saxpy(m.columns, 1, g.scores, 1, g.sum[len(m.weights):], 1)
}

// step moves the weights against a gradient of so many rows, at a part of the learning rates.
func (m *models) step(gradients []*gradient, rows int, pace func(rate float32) float32, threads int) {
	m.steps++
	paced := make([]float32, m.columns)
	for i, r := range m.rates {
		paced[i] = pace(r)
	}
	if len(m.weights) < 1<<14 {
		threads = 1
	}
	learn.Together(threads, func(part int) {
		first, last := learn.Share(m.features, threads, part)
		for j := first; j < last; j++ {
			m.move(m.weights[j*m.columns:(j+1)*m.columns], j*m.columns, gradients, rows, paced, 1)
		}
	})
	if m.useBias {
		for i := range paced {
			paced[i] *= m.biasRate
		}
		m.move(m.bias, len(m.weights), gradients, rows, paced, m.biasWD)
	}
}

// move moves weights whose gradient begins at a place. decay multiplies the penalties.
func (m *models) move(w []float32, at int, gradients []*gradient, rows int, rates []float32, decay float32) {
	share := 1 / float32(rows)
	correct1, correct2 := float32(1), float32(1)
	if m.optimizer == "adam" {
		correct1 = 1 / (1 - float32(math.Pow(float64(m.beta1), float64(m.steps))) + 1e-12)
		correct2 = 1 / (1 - float32(math.Pow(float64(m.beta2), float64(m.steps))) + 1e-12)
	}
	for i := range w {
		g := float32(0)
		for _, part := range gradients {
			g += part.sum[at+i]
			part.sum[at+i] = 0
		}
		g = g*share + decay*m.wd[i]*w[i]
		first, second := &m.first[at+i], &m.second[at+i]
		switch m.optimizer {
		case "adam":
			*first += (1 - m.beta1) * (g - *first)
			*second += (1 - m.beta2) * (g*g - *second)
			g = *first * correct1 / (root(*second*correct2) + 1e-8)
		case "rmsprop":
			*second += (1 - m.beta2) * (g*g - *second)
			g /= root(*second) + 1e-8
		default:
			*first = m.beta1*(*first) + g
			g = *first
		}
		w[i] -= rates[i] * g
		if l1 := decay * m.l1[i] * rates[i]; l1 > 0 {
			w[i] = max(0, w[i]-l1) + min(0, w[i]+l1)
		}
	}
}

func root(f float32) float32 { return float32(math.Sqrt(float64(f))) }

// column takes the weights of a model out: output by output.
func (m *models) column(k, outputs int) (weights, bias []float32) {
	weights = make([]float32, 0, outputs*m.features)
	for o := k * outputs; o < (k+1)*outputs; o++ {
		for j := range m.features {
			weights = append(weights, m.weights[j*m.columns+o])
		}
	}
	return weights, append([]float32(nil), m.bias[k*outputs:(k+1)*outputs]...)
}
