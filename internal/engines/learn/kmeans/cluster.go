package kmeans

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas/gonum"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// points are rows of numbers, each with a weight.
type points struct {
	values  []float32
	weights []float32 // all 1 when nil
	dim     int
}

func (p points) len() int { return len(p.values) / p.dim }

func (p points) at(i int) []float32 { return p.values[i*p.dim : (i+1)*p.dim] }

func (p points) weight(i int) float64 {
	if p.weights == nil {
		return 1
	}
	return float64(p.weights[i])
}

// centers are points with the halves of their squared lengths, by which the nearest is found.
type centers struct {
	points
	halves []float32
}

func newCenters(values []float32, dim int) centers {
	c := centers{points: points{values: values, dim: dim}}
	c.halves = make([]float32, c.len())
	c.measure()
	return c
}

func (c centers) measure() {
	var blas gonum.Implementation
	for i := range c.halves {
		c.halves[i] = blas.Sdot(c.dim, c.at(i), 1, c.at(i), 1) / 2
	}
}

// nearest is the centre that a point is closest to, and the square of its distance. What is compared are lengths less products, which
// is one pass over each centre; the distance is then measured exactly.
func (c centers) nearest(point []float32) (int, float64) {
	var blas gonum.Implementation
	best, at := float32(math.Inf(1)), 0
	for i, half := range c.halves {
		if d := half - blas.Sdot(c.dim, c.values[i*c.dim:], 1, point, 1); d < best {
			best, at = d, i
		}
	}
	return at, distance(c.at(at), point)
}

func distance(a, b []float32) (sum float64) {
	for i, x := range a {
		d := float64(x - b[i])
		sum += d * d
	}
	return sum
}

// choose picks k points to begin with: at random, or spread out as k-means++ has it (Arthur and Vassilvitskii, 2007), where each is the
// best of a few that are drawn.
func choose(p points, k int, spread bool, random *rand.Rand) []float32 {
	n := p.len()
	values := make([]float32, 0, k*p.dim)
	if !spread {
		for _, i := range random.Perm(n)[:k] {
			values = append(values, p.at(i)...)
		}
		return values
	}
	nearest, closer, best := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range nearest {
		nearest[i] = math.Inf(1)
	}
	draws, total := 2+int(math.Log(float64(k))), 0.0
	for len(values) < k*p.dim {
		least, at := math.Inf(1), 0
		for range draws {
			drawn := draw(p, nearest, total, random)
			sum, point := 0.0, p.at(drawn)
			for i := range nearest {
				closer[i] = min(nearest[i], distance(p.at(i), point))
				sum += closer[i] * p.weight(i)
			}
			if sum < least {
				least, at = sum, drawn
				best, closer = closer, best
			}
			if len(values) == 0 {
				break // the first is any
			}
		}
		nearest, best, total = best, nearest, least
		values = append(values, p.at(at)...)
	}
	return values
}

// draw picks a point by the square of its distance from what was chosen; any when that is nothing.
func draw(p points, nearest []float64, total float64, random *rand.Rand) int {
	if total > 0 {
		left := random.Float64() * total
		for i, d := range nearest {
			if left -= d * p.weight(i); left < 0 {
				return i
			}
		}
	}
	return random.IntN(p.len())
}

// lloyd moves centres to the means of the points that are closest to each, until the weighted sum of squares gets better by less
// than a part. It gives the sum before the last move.
func lloyd(ctx context.Context, p points, c centers, iterations int, tolerance float64, threads int) (float64, error) {
	if p.len() < 4096 {
		threads = 1
	}
	before := math.Inf(1)
	found := make([]moved, threads)
	for i := range found {
		found[i] = moved{sums: make([]float64, len(c.values)), weights: make([]float64, c.len())}
	}
	for range iterations {
		learn.Together(threads, func(part int) { found[part].assign(ctx, p, c, part, threads) })
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		loss := found[0].merge(found[1:])
		found[0].move(c, p)
		if !math.IsInf(before, 1) && before-loss <= tolerance*before || loss == 0 {
			return loss, nil
		}
		before = loss
	}
	return before, nil
}

// inertia is the sum of the squares of the points' distances from their centres.
func inertia(ctx context.Context, p points, c centers, threads int) (float64, error) {
	sums := make([]float64, threads)
	learn.Together(threads, func(part int) {
		first, last := learn.Share(p.len(), threads, part)
		for i := first; i < last && (i&1023 != 0 || ctx.Err() == nil); i++ {
			_, d := c.nearest(p.at(i))
			sums[part] += d
		}
	})
	for _, s := range sums[1:] {
		sums[0] += s
	}
	return sums[0], ctx.Err()
}

// moved is where centres go: sums of their points.
type moved struct {
	sums, weights []float64
	loss          float64
	farthest      float64 // of a point from its centre
	farthestAt    int
}

func (m *moved) assign(ctx context.Context, p points, c centers, part, parts int) {
	clear(m.sums)
	clear(m.weights)
	m.loss, m.farthest, m.farthestAt = 0, 0, 0
	first, last := learn.Share(p.len(), parts, part)
	for i := first; i < last; i++ {
		if i&1023 == 0 && ctx.Err() != nil {
			return
		}
		row, w := p.at(i), p.weight(i)
		at, d := c.nearest(row)
		m.loss += w * d
		m.weights[at] += w
		if d > m.farthest {
			m.farthest, m.farthestAt = d, i
		}
		sums := m.sums[at*p.dim : (at+1)*p.dim]
		for j, v := range row {
			sums[j] += w * float64(v)
		}
	}
}

func (m *moved) merge(others []moved) float64 {
	for _, o := range others {
		for i, v := range o.sums {
			m.sums[i] += v
		}
		for i, v := range o.weights {
			m.weights[i] += v
		}
		m.loss += o.loss
		if o.farthest > m.farthest {
			m.farthest, m.farthestAt = o.farthest, o.farthestAt
		}
	}
	return m.loss
}

// move sets the centres. One that has no points goes to the point that is farthest from its own.
func (m *moved) move(c centers, p points) {
	free := true
	for i, w := range m.weights {
		if w > 0 {
			for j := range c.dim {
				c.values[i*c.dim+j] = float32(m.sums[i*c.dim+j] / w)
			}
		} else if free && m.farthest > 0 {
			copy(c.at(i), p.at(m.farthestAt))
			free = false
		}
	}
	c.measure()
}
