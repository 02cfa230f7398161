// Package learn holds the built-in algorithms against independent programs: fastText, scikit-learn and xgboost, on the same data.
package learn
