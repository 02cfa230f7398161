package blazingtext

import "github.com/atelier-studio/atelier/internal/engines/learn"

// hyperparameters are those of text classification.
// https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext_hyperparameters.html
func hyperparameters() []learn.Hyperparameter {
	return []learn.Hyperparameter{
		{Name: "mode", Kind: learn.Choice, Required: true, Words: []string{"supervised"}},
		{Name: "buckets", Kind: learn.Integer, Default: "2000000", Min: 1, Max: 1<<31 - 1},
		{Name: "early_stopping", Kind: learn.Choice, Default: "False", Words: []string{"True", "False"}},
		{Name: "epochs", Kind: learn.Integer, Default: "5", Min: 1},
		{Name: "learning_rate", Kind: learn.Number, Default: "0.05", Open: true},
		{Name: "min_count", Kind: learn.Integer, Default: "5"},
		{Name: "min_epochs", Kind: learn.Integer, Default: "5", Min: 1},
		{Name: "patience", Kind: learn.Integer, Default: "4", Min: 1},
		{Name: "vector_dim", Kind: learn.Integer, Default: "100", Min: 1, Max: 1 << 16},
		{Name: "word_ngrams", Kind: learn.Integer, Default: "2", Min: 1, Max: 64},
	}
}

// settings are checked hyperparameters.
type settings struct {
	buckets, epochs, minCount, minEpochs, patience, dim, ngrams int
	rate                                                        float32
	early                                                       bool
}

func parse(given map[string]string) (settings, error) {
	v, err := learn.Check(hyperparameters(), given)
	if err != nil {
		return settings{}, err
	}
	s := settings{buckets: v.Int("buckets"), epochs: v.Int("epochs"), minCount: v.Int("min_count"), minEpochs: v.Int("min_epochs"),
		patience: v.Int("patience"), dim: v.Int("vector_dim"), ngrams: v.Int("word_ngrams"),
		rate: float32(v.Float("learning_rate")), early: v.Bool("early_stopping")}
	if s.ngrams == 1 {
		s.buckets = 0 // nothing would be in them
	}
	return s, nil
}
