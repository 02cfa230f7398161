package kmeans

import (
	"encoding/json"
	"slices"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// hyperparameters are those of https://docs.aws.amazon.com/sagemaker/latest/dg/k-means-api-config.html.
func hyperparameters() []learn.Hyperparameter {
	auto, methods := []string{"auto"}, []string{"random", "kmeans++"}
	return []learn.Hyperparameter{
		{Name: "feature_dim", Kind: learn.Integer, Required: true, Min: 1},
		{Name: "k", Kind: learn.Integer, Required: true, Min: 1},
		{Name: "epochs", Kind: learn.Integer, Default: "1", Min: 1},
		{Name: "eval_metrics", Kind: learn.Text, Default: `["msd"]`},
		{Name: "extra_center_factor", Kind: learn.Integer, Default: "auto", Min: 1, Words: auto},
		{Name: "force_dense", Kind: learn.Choice, Default: "True", Words: []string{"True", "False", "true", "false"}}, // the SageMaker SDK gives it; it means nothing here
		{Name: "half_life_time_size", Kind: learn.Integer, Default: "0"},
		{Name: "init_method", Kind: learn.Choice, Default: "random", Words: methods},
		{Name: "local_lloyd_init_method", Kind: learn.Choice, Default: "kmeans++", Words: methods},
		{Name: "local_lloyd_max_iter", Kind: learn.Integer, Default: "300", Min: 1},
		{Name: "local_lloyd_num_trials", Kind: learn.Integer, Default: "auto", Min: 1, Words: auto},
		{Name: "local_lloyd_tol", Kind: learn.Number, Default: "0.0001", Max: 1},
		{Name: "mini_batch_size", Kind: learn.Integer, Default: "5000", Min: 1},
	}
}

// settings are checked hyperparameters.
type settings struct {
	dim, k, epochs, extra, halfLife, iterations, trials, batch int
	metrics                                                    []string
	spread, localSpread                                        bool // k-means++
	tolerance                                                  float64
}

func parse(given map[string]string) (settings, error) {
	v, err := learn.Check(hyperparameters(), given)
	if err != nil {
		return settings{}, err
	}
	s := settings{dim: v.Int("feature_dim"), k: v.Int("k"), epochs: v.Int("epochs"), extra: v.Int("extra_center_factor"), halfLife: v.Int("half_life_time_size"),
		iterations: v.Int("local_lloyd_max_iter"), trials: v.Int("local_lloyd_num_trials"), batch: v.Int("mini_batch_size"),
		spread: v.Text("init_method") == "kmeans++", localSpread: v.Text("local_lloyd_init_method") == "kmeans++", tolerance: v.Float("local_lloyd_tol")}
	if err := json.Unmarshal([]byte(v.Text("eval_metrics")), &s.metrics); err != nil || len(s.metrics) == 0 || slices.ContainsFunc(s.metrics, func(m string) bool { return m != "msd" && m != "ssd" }) {
		return s, learn.ClientErrorf(`The value '%s' is not valid for the 'eval_metrics' hyperparameter which expects one of the following: '["msd"]', '["ssd"]', '["msd","ssd"]' (caused by ValidationError)`, v.Text("eval_metrics"))
	}
	if s.extra == 0 { // auto
		s.extra = max(2, min(10, 1000/s.k))
	}
	if s.trials == 0 {
		s.trials = 10
	}
	return s, nil
}
