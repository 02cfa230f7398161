package kmeans

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/artifact"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// Algorithm is K-Means. The same data and hyperparameters give the same model.
type Algorithm struct{ limits learn.Limits }

// New makes the algorithm.
func New(limits learn.Limits) *Algorithm { return &Algorithm{limits: limits.WithDefaults()} }

// Name is kmeans.
func (*Algorithm) Name() string { return "kmeans" }

// Validate checks hyperparameters.
func (*Algorithm) Validate(hyperparameters map[string]string) error {
	_, err := parse(hyperparameters)
	return err
}

// Metrics are those of https://docs.aws.amazon.com/sagemaker/latest/dg/k-means-tuning.html, and the training's own.
func (*Algorithm) Metrics() []learn.Metric {
	return []learn.Metric{
		{Name: "train:msd", Regex: `#quality_metric: host=\S+, train msd <loss>=(\S+)`},
		{Name: "test:msd", Regex: `#quality_metric: host=\S+, test msd <loss>=(\S+)`},
		{Name: "test:ssd", Regex: `#quality_metric: host=\S+, test ssd <loss>=(\S+)`},
		{Name: "train:throughput", Regex: `#throughput_metric: host=\S+, train throughput=(\S+)`},
	}
}

// Train reads the channel train and, when there is one, test. Labels are ignored.
func (a *Algorithm) Train(ctx context.Context, channels learn.Channels, hyperparameters map[string]string, log learn.Log, modelDir string) error {
	s, err := parse(hyperparameters)
	if err != nil {
		return err
	}
	if log == nil {
		log = func(string) {}
	}
	p, err := a.read(channels, "train", s.dim)
	if err != nil {
		return err
	}
	if p.len() < s.k {
		return learn.ClientErrorf("The training data has %d rows, fewer than the %d clusters that are wanted", p.len(), s.k)
	}
	start := time.Now()
	mean := center(p)
	t := trainer{settings: s, ctx: ctx, threads: a.limits.Threads, log: log, random: rand.New(rand.NewPCG(1, 2))}
	found, loss, err := t.run(p)
	if err != nil {
		return err
	}
	log(fmt.Sprintf("#quality_metric: host=algo-1, train msd <loss>=%v", loss/float64(p.len())))
	log(fmt.Sprintf("#throughput_metric: host=algo-1, train throughput=%v records/second", float64(p.len()*s.epochs)/max(1e-9, time.Since(start).Seconds())))
	if _, ok := channels["test"]; ok {
		if err := a.test(ctx, channels, s, found, mean, log); err != nil {
			return err
		}
	}
	for i := range found.values {
		found.values[i] += mean[i%s.dim]
	}
	return artifact.Write(modelDir, header{Algorithm: "kmeans", Version: 1, K: s.k, FeatureDim: s.dim}, found.values)
}

// read reads a channel as dense rows.
func (a *Algorithm) read(channels learn.Channels, name string, dim int) (points, error) {
	rows, err := dataset.Channel(channels, name, dataset.Options{Label: true, Width: dim}, a.limits.Memory/2)
	if err != nil {
		return points{}, err
	}
	if rows.Width != dim && !(rows.Sparse() && rows.Width < dim) {
		return points{}, learn.ClientErrorf("The rows of channel '%s' have %d features, and feature_dim is %d", name, rows.Width, dim)
	}
	if !rows.Sparse() {
		return points{values: rows.Values, dim: dim}, nil
	}
	if need := int64(rows.Len()) * int64(dim) * 4; need > a.limits.Memory/2 {
		return points{}, learn.ClientErrorf("The rows of channel '%s' need %d MB of memory when they are dense and may take %d", name, need>>20, a.limits.Memory>>21)
	}
	p := points{values: make([]float32, rows.Len()*dim), dim: dim}
	for i := range rows.Len() {
		rows.Fill(i, p.at(i), 0)
	}
	return p, nil
}

// center moves points so that their mean is 0, which keeps products of float32 exact enough, and gives where it was.
func center(p points) []float32 {
	sums := make([]float64, p.dim)
	for i := range p.len() {
		for j, v := range p.at(i) {
			sums[j] += float64(v)
		}
	}
	mean := make([]float32, p.dim)
	for j := range mean {
		mean[j] = float32(sums[j] / float64(p.len()))
	}
	shift(p, mean)
	return mean
}

func shift(p points, mean []float32) {
	for i := range p.len() {
		for j, m := range mean {
			p.values[i*p.dim+j] -= m
		}
	}
}

// test logs how far the rows of the channel test are from the centres.
func (a *Algorithm) test(ctx context.Context, channels learn.Channels, s settings, found centers, mean []float32, log learn.Log) error {
	p, err := a.read(channels, "test", s.dim)
	if err != nil {
		return err
	}
	shift(p, mean)
	sum, err := inertia(ctx, p, found, a.limits.Threads)
	if err != nil {
		return err
	}
	for _, m := range s.metrics {
		v := sum
		if m == "msd" {
			v /= float64(p.len())
		}
		log(fmt.Sprintf("#quality_metric: host=algo-1, test %s <loss>=%v", m, v))
	}
	return nil
}

// trainer is one training.
type trainer struct {
	settings
	ctx     context.Context
	threads int
	log     learn.Log
	random  *rand.Rand
}

// run finds centres, and the sum of squares of the points' distances from them.
func (t *trainer) run(p points) (centers, float64, error) {
	wide, err := t.sketch(p)
	if err != nil {
		return centers{}, 0, err
	}
	trials := make([]trial, t.trials)
	for i := range trials {
		c := newCenters(choose(wide, t.k, t.localSpread, t.random), t.dim)
		loss, err := lloyd(t.ctx, wide, c, t.iterations, t.tolerance, t.threads)
		if err != nil {
			return centers{}, 0, err
		}
		trials[i] = trial{c, loss}
	}
	slices.SortStableFunc(trials, func(a, b trial) int { return cmp.Compare(a.loss, b.loss) })
	// The best go on over the data itself: all when it is small, one when it is large.
	most := int(1e9 / (float64(p.len()) * float64(t.k) * float64(t.dim)))
	best := trial{loss: math.Inf(1)}
	for _, c := range trials[:max(1, min(len(trials), most))] {
		if _, err := lloyd(t.ctx, p, c.centers, t.iterations, t.tolerance/100, t.threads); err != nil {
			return centers{}, 0, err
		}
		if c.loss, err = inertia(t.ctx, p, c.centers, t.threads); err != nil {
			return centers{}, 0, err
		}
		if c.loss < best.loss || best.values == nil {
			best = c
		}
	}
	return best.centers, best.loss, nil
}

// trial is centres with their loss.
type trial struct {
	centers
	loss float64
}

// sketch goes over the data in mini-batches with more centres than are wanted. Its points weigh what they have seen.
func (t *trainer) sketch(p points) (points, error) {
	n := p.len()
	k := min(n, t.k*t.extra)
	sample := p
	if most := max(k, min(n, 4*k+t.batch)); most < n { // what the centres begin from
		sample = points{values: make([]float32, 0, most*t.dim), dim: t.dim}
		for i := range most {
			sample.values = append(sample.values, p.at(i*(n/most))...)
		}
	}
	c := newCenters(choose(sample, k, t.spread, t.random), t.dim)
	seen := make([]float32, k)
	decay := 1.0
	if t.halfLife > 0 {
		decay = math.Exp2(-float64(min(t.batch, n)) / float64(t.halfLife))
	}
	for epoch := range t.epochs {
		total := 0.0
		for first := 0; first < n; first += t.batch {
			batch := points{values: p.values[first*t.dim : min(n, first+t.batch)*t.dim], dim: t.dim}
			total += t.step(batch, c, seen, float32(decay))
			if err := t.ctx.Err(); err != nil {
				return points{}, err
			}
		}
		t.log(fmt.Sprintf("#progress_metric: host=algo-1, completed %d %% of epochs", 100*(epoch+1)/t.epochs))
		t.log(fmt.Sprintf("#quality_metric: host=algo-1, epoch=%d, sketch msd <loss>=%v", epoch, total/float64(n)))
	}
	kept := points{dim: t.dim}
	for i, w := range seen {
		if w > 0 {
			kept.values, kept.weights = append(kept.values, c.at(i)...), append(kept.weights, w)
		}
	}
	for i := 0; kept.len() < t.k; i++ { // fewer than k centres saw anything: take points that are there
		kept.values, kept.weights = append(kept.values, p.at(i*(n/t.k))...), append(kept.weights, 1)
	}
	return kept, nil
}

// step moves each centre towards the mean of its points of a batch, by their part of all it has seen.
func (t *trainer) step(batch points, c centers, seen []float32, decay float32) float64 {
	m := make([]moved, t.threads)
	learn.Together(t.threads, func(part int) {
		m[part] = moved{sums: make([]float64, len(c.values)), weights: make([]float64, c.len())}
		m[part].assign(t.ctx, batch, c, part, t.threads)
	})
	loss := m[0].merge(m[1:])
	for i, w := range m[0].weights {
		seen[i] *= decay
		if w == 0 {
			continue
		}
		old := float64(seen[i])
		seen[i] += float32(w)
		for j := range t.dim {
			at := i*t.dim + j
			c.values[at] = float32((float64(c.values[at])*old + m[0].sums[at]) / (old + w))
		}
	}
	c.measure()
	return loss
}
