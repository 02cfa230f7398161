package linearlearner

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// Metrics are those of https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner-tuning.html.
func (*Algorithm) Metrics() []learn.Metric {
	list := []learn.Metric{
		{Name: "train:objective_loss", Regex: `#quality_metric: host=\S+, epoch=\S+, train \S+_objective <loss>=(\S+)`},
		{Name: "validation:objective_loss", Regex: `#quality_metric: host=\S+, epoch=\S+, validation \S+_objective <loss>=(\S+)`},
	}
	for _, of := range []string{"train", "validation", "test"} {
		for _, m := range []string{"objective_loss", "binary_classification_accuracy", "binary_f_beta", "precision", "recall", "roc_auc_score", "multiclass_accuracy",
			"multiclass_top_k_accuracy", "macro_f_beta", "macro_precision", "macro_recall", "dcg", "mse", "rmse", "absolute_loss"} {
			if of != "test" && m == "objective_loss" {
				continue // each epoch's, above
			}
			list = append(list, learn.Metric{Name: of + ":" + m, Regex: `#quality_metric: host=\S+, ` + of + ` ` + m + ` <\S+>=(\S+)`})
		}
	}
	return list
}

// report logs how good a model is on rows, whose labels are scaled as the training's.
func (t *trainer) report(m kept, name string, rows *dataset.Rows) {
	say := func(metric, kind string, v float64) {
		t.log(fmt.Sprintf("#quality_metric: host=algo-1, %s %s <%s>=%v", name, metric, kind, v))
	}
	say("objective_loss", "loss", t.mean(m, rows))
	switch t.kind {
	case binary:
		var c confusion
		list := t.scores(m, rows, rows.Len())
		for _, s := range list {
			switch above := s.score >= m.threshold; {
			case above && s.positive:
				c.truePositive++
			case above:
				c.falsePositive++
			case s.positive:
				c.falseNegative++
			default:
				c.trueNegative++
			}
		}
		say("binary_classification_accuracy", "score", c.accuracy())
		say("binary_f_beta", "score", c.fBeta(t.Float("f_beta")))
		say("precision", "score", c.precision())
		say("recall", "score", c.recall())
		say("roc_auc_score", "score", auc(list))
	case multiclass:
		t.reportClasses(m, rows, say)
	default:
		squares, sizes := 0.0, 0.0
		out := make([]float32, 1)
		for i := range rows.Len() {
			values, index := rows.Row(i)
			score(m.weights, m.bias, values, index, out)
			off := float64(out[0]-rows.Labels[i]) * float64(t.scale.labelStretch)
			squares += off * off
			sizes += math.Abs(off)
		}
		n := float64(rows.Len())
		say("mse", "loss", squares/n)
		say("rmse", "loss", math.Sqrt(squares/n))
		say("absolute_loss", "loss", sizes/n)
	}
}

// mean is the mean loss.
func (t *trainer) mean(m kept, rows *dataset.Rows) float64 {
	sum, out := 0.0, make([]float32, t.outputs)
	for i := range rows.Len() {
		values, index := rows.Row(i)
		score(m.weights, m.bias, values, index, out)
		sum += t.loss(out, rows.Labels[i])
	}
	return sum / float64(rows.Len())
}

func (t *trainer) reportClasses(m kept, rows *dataset.Rows, say func(metric, kind string, v float64)) {
	classes := make([]confusion, t.outputs)
	right, near, gain, k := 0, 0, 0.0, t.Int("accuracy_top_k")
	out := make([]float32, t.outputs)
	for i := range rows.Len() {
		values, index := rows.Row(i)
		score(m.weights, m.bias, values, index, out)
		label, best, above := int(rows.Labels[i]), most(out), 0
		for _, s := range out {
			above += b2i(s > out[label])
		}
		near += b2i(above < k)
		gain += 1 / math.Log2(float64(above)+2)
		if best == label {
			right++
			classes[label].truePositive++
			continue
		}
		classes[best].falsePositive++
		classes[label].falseNegative++
	}
	var precision, recall, f float64
	for _, c := range classes {
		precision += c.precision()
		recall += c.recall()
		f += c.fBeta(t.Float("f_beta"))
	}
	n, of := float64(rows.Len()), float64(len(classes))
	say("multiclass_accuracy", "score", float64(right)/n)
	say("multiclass_top_k_accuracy", "score", float64(near)/n)
	say("macro_f_beta", "score", f/of)
	say("macro_precision", "score", precision/of)
	say("macro_recall", "score", recall/of)
	say("dcg", "score", gain/n)
}

// auc is the area under the curve of the receiver's operating characteristic: the part of pairs that are in order, ties counting half.
func auc(list []scored) float64 {
	slices.SortFunc(list, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	below, pairs, positives := 0.0, 0.0, 0.0
	for i := 0; i < len(list); {
		up, down := 0.0, 0.0
		j := i
		for ; j < len(list) && list[j].score == list[i].score; j++ {
			if list[j].positive {
				up++
			} else {
				down++
			}
		}
		pairs += up * (below + down/2)
		below += down
		positives += up
		i = j
	}
	if positives == 0 || below == 0 {
		return 0.5
	}
	return pairs / (positives * below)
}
