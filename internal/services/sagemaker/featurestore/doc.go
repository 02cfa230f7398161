// Package featurestore is what a feature group's records are: values of features, times of events, and the Parquet files of the
// offline store. It knows nothing of how groups and records are kept; that is the sagemaker service's.
//
// https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store.html
package featurestore
