// Package xgboost serves models that the xgboost package has saved as JSON or UBJ: gbtree, dart and gblinear with the objectives
// for regression, classification, ranking, counts and survival. It answers as SageMaker's XGBoost container does. It doesn't train.
// https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html and
// https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
package xgboost
