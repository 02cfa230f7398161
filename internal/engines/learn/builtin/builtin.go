// Package builtin lists the built-in algorithms.
package builtin

import (
	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/blazingtext"
	"github.com/atelier-studio/atelier/internal/engines/learn/kmeans"
	"github.com/atelier-studio/atelier/internal/engines/learn/linearlearner"
	"github.com/atelier-studio/atelier/internal/engines/learn/xgboost"
)

// Find gives an algorithm by its name in image names: the last part of a repository, such as
// ….dkr.ecr.us-east-1.amazonaws.com/linear-learner:1 or …/sagemaker-xgboost:1.7-1.
// https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-algo-docker-registry-paths.html
func Find(name string, limits learn.Limits) (learn.Algorithm, bool) {
	switch name {
	case "blazingtext":
		return blazingtext.New(limits), true
	case "kmeans":
		return kmeans.New(limits), true
	case "linear-learner":
		return linearlearner.New(limits), true
	case "xgboost", "sagemaker-xgboost":
		return xgboost.New(limits), true
	}
	return nil, false
}
