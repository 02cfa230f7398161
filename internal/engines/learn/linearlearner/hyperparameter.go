package linearlearner

import (
	"math"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// Kinds of prediction, as predictor_type names them.
const (
	binary     = "binary_classifier"
	multiclass = "multiclass_classifier"
	regressor  = "regressor"
)

// hyperparameters are those of https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html.
func hyperparameters() []learn.Hyperparameter {
	auto, yes := []string{"auto"}, []string{"true", "false"}
	either := []string{"auto", "true", "false"}
	return []learn.Hyperparameter{
		{Name: "predictor_type", Kind: learn.Choice, Required: true, Words: []string{binary, multiclass, regressor}},
		{Name: "num_classes", Kind: learn.Integer, Min: 3, Max: 1_000_000},
		{Name: "accuracy_top_k", Kind: learn.Integer, Default: "3", Min: 1},
		{Name: "balance_multiclass_weights", Kind: learn.Choice, Default: "false", Words: yes},
		{Name: "beta_1", Kind: learn.Number, Default: "auto", Max: 1, Words: auto},
		{Name: "beta_2", Kind: learn.Number, Default: "auto", Max: 1, Words: auto},
		{Name: "bias_lr_mult", Kind: learn.Number, Default: "auto", Open: true, Words: auto},
		{Name: "bias_wd_mult", Kind: learn.Number, Default: "auto", Words: auto},
		{Name: "binary_classifier_model_selection_criteria", Kind: learn.Choice, Default: "accuracy",
			Words: []string{"accuracy", "f1", "f_beta", "precision_at_target_recall", "recall_at_target_precision", "loss_function"}},
		{Name: "early_stopping_patience", Kind: learn.Integer, Default: "3", Min: 1},
		{Name: "early_stopping_tolerance", Kind: learn.Number, Default: "0.001", Open: true},
		{Name: "epochs", Kind: learn.Integer, Default: "15", Min: 1},
		{Name: "f_beta", Kind: learn.Number, Default: "1.0", Open: true},
		{Name: "feature_dim", Kind: learn.Integer, Default: "auto", Min: 1, Words: auto},
		{Name: "huber_delta", Kind: learn.Number, Default: "1.0", Open: true},
		{Name: "init_bias", Kind: learn.Number, Default: "0", Min: -math.MaxFloat64},
		{Name: "init_method", Kind: learn.Choice, Default: "uniform", Words: []string{"uniform", "normal"}},
		{Name: "init_scale", Kind: learn.Number, Default: "0.07", Open: true},
		{Name: "init_sigma", Kind: learn.Number, Default: "0.01", Open: true},
		{Name: "l1", Kind: learn.Number, Default: "auto", Words: auto},
		{Name: "learning_rate", Kind: learn.Number, Default: "auto", Open: true, Words: auto},
		{Name: "loss", Kind: learn.Choice, Default: "auto", Words: []string{"auto", "logistic", "softmax_loss", "squared_loss", "absolute_loss", "hinge_loss",
			"eps_insensitive_squared_loss", "eps_insensitive_absolute_loss", "quantile_loss", "huber_loss"}},
		{Name: "loss_insensitivity", Kind: learn.Number, Default: "0.01", Open: true},
		{Name: "lr_scheduler_factor", Kind: learn.Number, Default: "auto", Open: true, Max: 1, Words: auto},
		{Name: "lr_scheduler_minimum_lr", Kind: learn.Number, Default: "auto", Open: true, Words: auto},
		{Name: "lr_scheduler_step", Kind: learn.Integer, Default: "auto", Min: 1, Words: auto},
		{Name: "margin", Kind: learn.Number, Default: "1.0", Open: true},
		{Name: "mini_batch_size", Kind: learn.Integer, Default: "", Min: 1},
		{Name: "momentum", Kind: learn.Number, Default: "auto", Max: 0.999999, Words: auto},
		{Name: "normalize_data", Kind: learn.Choice, Default: "true", Words: either},
		{Name: "normalize_label", Kind: learn.Choice, Default: "auto", Words: either},
		{Name: "num_calibration_samples", Kind: learn.Integer, Default: "auto", Min: 1, Words: auto},
		{Name: "num_models", Kind: learn.Integer, Default: "auto", Min: 1, Max: 1024, Words: auto},
		{Name: "num_point_for_scaler", Kind: learn.Integer, Default: "10000", Min: 1},
		{Name: "optimizer", Kind: learn.Choice, Default: "auto", Words: []string{"auto", "sgd", "adam", "rmsprop"}},
		{Name: "positive_example_weight_mult", Kind: learn.Number, Default: "1.0", Open: true, Words: []string{"balanced", "auto"}},
		{Name: "quantile", Kind: learn.Number, Default: "0.5", Open: true, Max: 0.999999},
		{Name: "target_precision", Kind: learn.Number, Default: "0.8", Open: true, Max: 1},
		{Name: "target_recall", Kind: learn.Number, Default: "0.8", Open: true, Max: 1},
		{Name: "unbias_data", Kind: learn.Choice, Default: "auto", Words: either},
		{Name: "unbias_label", Kind: learn.Choice, Default: "auto", Words: either},
		{Name: "use_bias", Kind: learn.Choice, Default: "true", Words: yes},
		{Name: "use_lr_scheduler", Kind: learn.Choice, Default: "true", Words: yes},
		{Name: "wd", Kind: learn.Number, Default: "auto", Words: auto},
	}
}

// losses are those that a kind of prediction has, its default first.
var losses = map[string][]string{
	binary:     {"logistic", "hinge_loss"},
	multiclass: {"softmax_loss", "hinge_loss"},
	regressor: {"squared_loss", "absolute_loss", "eps_insensitive_squared_loss", "eps_insensitive_absolute_loss", "quantile_loss",
		"huber_loss"},
}

// settings are checked hyperparameters.
type settings struct {
	learn.Values
	kind, lossName string
	outputs        int // scores of a model
}

func parse(given map[string]string) (settings, error) {
	v, err := learn.Check(hyperparameters(), given)
	if err != nil {
		return settings{}, err
	}
	s := settings{Values: v, kind: v.Text("predictor_type"), lossName: v.Text("loss"), outputs: 1}
	if s.kind == multiclass {
		if s.outputs = v.Int("num_classes"); s.outputs == 0 {
			return s, learn.ClientErrorf("No value(s) were specified for 'num_classes' which are required hyperparameter(s) (caused by ValidationError)")
		}
	}
	allowed := losses[s.kind]
	if s.lossName == "auto" {
		s.lossName = allowed[0]
	}
	for _, l := range allowed {
		if l == s.lossName {
			return s, nil
		}
	}
	return s, learn.ClientErrorf("The loss '%s' is not available when predictor_type is '%s'", s.lossName, s.kind)
}

// number is a value, or what stands for auto.
func (s settings) number(name string, auto float64) float64 {
	if s.Auto(name) {
		return auto
	}
	return s.Float(name)
}

// chosen is a switch, or what stands for auto.
func (s settings) chosen(name string, auto bool) bool {
	if s.Auto(name) {
		return auto
	}
	return s.Bool(name)
}
