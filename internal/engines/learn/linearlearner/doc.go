// Package linearlearner is the Linear Learner algorithm: linear models for two classes, several classes and regression, trained by
// stochastic gradient descent, several with slightly different settings at once, of which the best is kept.
// https://docs.aws.amazon.com/sagemaker/latest/dg/linear-learner.html
//
// A model is model.json, {"algorithm":"linear-learner","version":1,"predictor_type":…,"feature_dim":…,"outputs":…,"loss":…,
// "threshold":…}, and model.f32: the weights, output by output, then the outputs' intercepts, as little-endian float32. What was
// done to normalise the data is in them: they apply to rows as they come.
package linearlearner
