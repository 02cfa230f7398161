// Package builtin lists the built-in algorithms.
package builtin

import (
	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
	"github.com/atelier-studio/atelier/internal/engines/learn/kmeans"
	"github.com/atelier-studio/atelier/internal/engines/learn/linearlearner"
	"github.com/atelier-studio/atelier/internal/engines/learn/xgboost"
)

// Algorithms gives the algorithms by the names that their images have: the last part of a repository, such as
// ….dkr.ecr.us-east-1.amazonaws.com/linear-learner:1 or …/sagemaker-xgboost:1.7-1.
// https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-algo-docker-registry-paths.html
func Algorithms(limits learn.Limits) map[string]learn.Algorithm {
	boost := xgboost.New(limits)
	return map[string]learn.Algorithm{
		"blazingtext":       blazingtext.New(limits),
		"kmeans":            kmeans.New(limits),
		"linear-learner":    linearlearner.New(limits),
		"xgboost":           boost,
		"sagemaker-xgboost": boost,
	}
}
