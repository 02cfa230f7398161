package linearlearner

import "math"

// lossOf gives a loss: from the scores of one row and its label the loss, with its gradient left in place of the scores.
func lossOf(s settings) func(scores []float32, label float32) float64 {
	margin, epsilon := float32(s.Float("margin")), float32(s.Float("loss_insensitivity"))
	quantile, delta := float32(s.Float("quantile")), float32(s.Float("huber_delta"))
	switch {
	case s.kind == multiclass && s.lossName == "hinge_loss":
		return func(v []float32, label float32) float64 { return multiHinge(v, int(label), margin) }
	case s.kind == multiclass:
		return func(v []float32, label float32) float64 { return crossEntropy(v, int(label)) }
	case s.lossName == "logistic":
		return func(v []float32, label float32) float64 {
			x := float64(v[0])
			p := 1 / (1 + math.Exp(-x))
			v[0] = float32(p) - label
			return max(x, 0) - x*float64(label) + math.Log1p(math.Exp(-math.Abs(x)))
		}
	case s.lossName == "hinge_loss":
		return func(v []float32, label float32) float64 {
			y := 2*label - 1
			loss := margin - y*v[0]
			if v[0] = -y; loss <= 0 {
				v[0], loss = 0, 0
			}
			return float64(loss)
		}
	}
	return func(v []float32, label float32) float64 {
		off := v[0] - label
		loss, slope := residual(s.lossName, off, epsilon, quantile, delta)
		v[0] = slope
		return float64(loss)
	}
}

// residual is a regression's loss and slope when a score is off by so much.
func residual(loss string, off, epsilon, quantile, delta float32) (float32, float32) {
	size, sign := abs(off), float32(1)
	if off < 0 {
		sign = -1
	}
	switch loss {
	case "absolute_loss":
		return size, sign
	case "eps_insensitive_squared_loss":
		size = max(0, size-epsilon)
		return size * size, sign * size
	case "eps_insensitive_absolute_loss":
		if size <= epsilon {
			return 0, 0
		}
		return size - epsilon, sign
	case "quantile_loss":
		if off < 0 {
			return -quantile * off, -quantile
		}
		return (1 - quantile) * off, 1 - quantile
	case "huber_loss":
		if size > delta {
			return delta * (size - delta/2), sign * delta
		}
		return off * off / 2, off
	}
	return off * off, off
}

func abs(f float32) float32 { return max(f, -f) }

func crossEntropy(v []float32, label int) float64 {
	picked := v[label]
	most, sum := v[0], 0.0
	for _, s := range v[1:] {
		most = max(most, s)
	}
	for i, s := range v {
		e := math.Exp(float64(s - most))
		v[i] = float32(e)
		sum += e
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / sum)
	}
	v[label]--
	return math.Log(sum) - float64(picked-most)
}

// multiHinge is that of Crammer and Singer: only the strongest of the wrong classes counts.
func multiHinge(v []float32, label int, margin float32) float64 {
	worst := -1
	for i, s := range v {
		if i != label && (worst < 0 || s > v[worst]) {
			worst = i
		}
	}
	loss := margin + v[worst] - v[label]
	clear(v)
	if loss <= 0 {
		return 0
	}
	v[worst], v[label] = 1, -1
	return float64(loss)
}
