package xgboost

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/gonum"
)

// booster is one model.
type booster struct {
	objective string
	classes   int // as the model says, 0 unless it is of several
	features  int
	groups    int // sums for each row
	margin    []float32
	trees     []tree
	weights   []float32 // of a linear model: for each feature those of all groups, the intercepts last
	outcome   outcome
	inputs    int // columns that anything depends on
}

// readBooster reads a model.
func readBooster(b []byte) (*booster, error) {
	document, err := parseDocument(b)
	if err != nil {
		return nil, err
	}
	learner := document.object("learner")
	param := learner.object("learner_model_param")
	if param == nil {
		return nil, errors.New("it is no model of XGBoost: it has no learner")
	}
	m := &booster{objective: learner.object("objective").text("name")}
	if m.features, err = param.count("num_feature", math.MaxInt32); err != nil {
		return nil, err
	}
	if m.classes, err = param.count("num_class", 1<<20); err != nil {
		return nil, err
	}
	targets, err := param.count("num_target", 1<<20)
	if err != nil {
		return nil, err
	}
	m.groups = max(1, m.classes, targets)
	var known bool
	if m.outcome, known = outcomes[m.objective]; !known {
		return nil, fmt.Errorf("its objective %.80q is not supported", m.objective)
	}
	if m.margin, err = param.floats("base_score"); err != nil {
		return nil, err
	}
	switch {
	case len(m.margin) == 0:
		m.margin = []float32{0.5}
	case len(m.margin) > 1 && len(m.margin) != m.groups:
		return nil, fmt.Errorf("its base_score has %d values for %d groups", len(m.margin), m.groups)
	}
	for len(m.margin) < m.groups {
		m.margin = append(m.margin, m.margin[0])
	}
	m.outcome.margin(m.margin)
	if err := m.readGradientBooster(learner.object("gradient_booster")); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *booster) readGradientBooster(o object) error {
	var drop []float64
	switch name := o.text("name"); name {
	case "gbtree":
	case "dart":
		drop, o = o.numbers("weight_drop"), o.object("gbtree")
	case "gblinear":
		return m.readLinear(o.object("model").numbers("weights"))
	default:
		return fmt.Errorf("its booster %.40q is not supported", name)
	}
	o = o.object("model")
	trees, groups := o.list("trees"), o.numbers("tree_info")
	if len(groups) != len(trees) || drop != nil && len(drop) != len(trees) {
		return errors.New("its trees and what it says of them differ in number")
	}
	m.trees = make([]tree, len(trees))
	for i, v := range trees {
		t, _ := v.(object)
		if !below(groups[i], m.groups) {
			return fmt.Errorf("tree %d is of group %v, of %d", i, groups[i], m.groups)
		}
		var err error
		if m.trees[i], err = readTree(t, m.features, m.groups); err != nil {
			return fmt.Errorf("tree %d: %w", i, err)
		}
		m.trees[i].group = int(groups[i])
		if drop != nil {
			m.trees[i].share = float32(drop[i])
		}
		for _, n := range m.trees[i].nodes {
			m.inputs = max(m.inputs, int(n.feature)+1)
		}
	}
	return nil
}

func (m *booster) readLinear(weights []float64) error {
	if int64(len(weights)) != (int64(m.features)+1)*int64(m.groups) {
		return fmt.Errorf("it has %d weights for %d features and %d groups", len(weights), m.features, m.groups)
	}
	m.weights, m.inputs = make([]float32, len(weights)), m.features
	for i, w := range weights {
		m.weights[i] = float32(w)
	}
	return nil
}

// predict sets sums to what a row gives, and answers with its part that holds the prediction.
func (m *booster) predict(row, sums []float32) []float32 {
	copy(sums, m.margin)
	for i := range m.trees {
		m.trees[i].add(row, sums)
	}
	if m.weights != nil {
		var blas gonum.Implementation
		blas.Saxpy(m.groups, 1, m.weights[m.features*m.groups:], 1, sums, 1)
		for i, v := range row[:m.features] {
			if v == v {
				blas.Saxpy(m.groups, v, m.weights[i*m.groups:], 1, sums, 1)
			}
		}
	}
	return m.outcome.transform(sums)
}

// size is about how much memory it takes.
func (m *booster) size() int64 {
	n := int64(len(m.weights)) * 4
	for _, t := range m.trees {
		n += int64(len(t.nodes))*64 + int64(len(t.leafs))*4
		for _, d := range t.nodes {
			n += int64(len(d.set)) * 4
		}
	}
	return n
}
