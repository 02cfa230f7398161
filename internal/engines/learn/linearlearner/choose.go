package linearlearner

import (
	"cmp"
	"math"
	"slices"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// choose picks the best model: by the least loss or, of models for two classes, by the criterion, each with the threshold that is
// best for it.
func (t *trainer) choose() kept {
	criterion := t.Text("binary_classifier_model_selection_criteria")
	sample := t.judged.Len()
	if !t.Auto("num_calibration_samples") {
		sample = min(sample, t.Int("num_calibration_samples"))
	}
	best := -1
	for k := range t.kept {
		m := &t.kept[k]
		if m.weights == nil {
			continue // it diverged
		}
		m.threshold, m.score = 0.5, -m.loss
		if t.lossName == "hinge_loss" {
			m.threshold = 0
		}
		if t.kind == binary && criterion != "loss_function" {
			m.threshold, m.score = t.calibrate(*m, sample, criterion, m.threshold)
		}
		if best < 0 || m.score > t.kept[best].score || m.score == t.kept[best].score && m.loss < t.kept[best].loss {
			best = k
		}
	}
	return t.kept[best]
}

// scored is a row's score and whether it is positive.
type scored struct {
	score    float64
	positive bool
}

// calibrate finds the threshold of the score at which a criterion is best, and how good it is there.
func (t *trainer) calibrate(m kept, sample int, criterion string, fallback float64) (threshold, best float64) {
	list := t.scores(m, t.judged, sample)
	slices.SortFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	positives := 0
	for _, s := range list {
		positives += b2i(s.positive)
	}
	threshold, best = fallback, math.Inf(-1)
	consider := func(c confusion, at float64) {
		if v := t.criterion(c, criterion); v > best+1e-12 || v > best-1e-12 && math.Abs(at-fallback) < math.Abs(threshold-fallback) {
			threshold, best = at, max(best, v)
		}
	}
	c := confusion{falseNegative: positives, trueNegative: len(list) - positives}
	if len(list) > 0 {
		consider(c, math.Nextafter(list[0].score, math.Inf(1)))
	}
	for i, s := range list {
		if s.positive {
			c.truePositive++
			c.falseNegative--
		} else {
			c.falsePositive++
			c.trueNegative--
		}
		switch {
		case i+1 == len(list):
			consider(c, s.score)
		case list[i+1].score < s.score: // between this and the next
			consider(c, (s.score+list[i+1].score)/2)
		}
	}
	return threshold, best
}

// confusion counts how predictions turned out.
type confusion struct{ truePositive, falsePositive, trueNegative, falseNegative int }

func (c confusion) accuracy() float64 {
	return part(c.truePositive+c.trueNegative, c.truePositive+c.trueNegative+c.falsePositive+c.falseNegative)
}
func (c confusion) precision() float64 { return part(c.truePositive, c.truePositive+c.falsePositive) }
func (c confusion) recall() float64    { return part(c.truePositive, c.truePositive+c.falseNegative) }

func (c confusion) fBeta(beta float64) float64 {
	p, r := c.precision(), c.recall()
	if p+r == 0 {
		return 0
	}
	return (1 + beta*beta) * p * r / (beta*beta*p + r)
}

func part(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// criterion is how good an outcome is. One that misses a target is worse than any that meets it, and better the closer it comes.
func (t *trainer) criterion(c confusion, name string) float64 {
	switch name {
	case "f1":
		return c.fBeta(1)
	case "f_beta":
		return c.fBeta(t.Float("f_beta"))
	case "precision_at_target_recall":
		if target := t.Float("target_recall"); c.recall() < target {
			return c.recall() - target - 1
		}
		return c.precision()
	case "recall_at_target_precision":
		if target := t.Float("target_precision"); c.precision() < target {
			return c.precision() - target - 1
		}
		return c.recall()
	}
	return c.accuracy()
}

// scores gives the scores of the first rows: probabilities when the loss is logistic.
func (t *trainer) scores(m kept, rows *dataset.Rows, n int) []scored {
	list := make([]scored, n)
	learn.Together(t.limits.Threads, func(part int) {
		first, last := learn.Share(n, t.limits.Threads, part)
		out := make([]float32, 1)
		for i := first; i < last; i++ {
			values, index := rows.Row(i)
			score(m.weights, m.bias, values, index, out)
			list[i] = scored{score: float64(finish(t.lossName, out)[0]), positive: rows.Labels[i] > 0}
		}
	})
	return list
}
