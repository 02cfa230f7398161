"""Splits data that ships with scikit-learn, or that it makes, into files for a test, and measures scikit-learn's own models on them."""

import json
import sys

import numpy as np
from sklearn import datasets, metrics, model_selection, pipeline, preprocessing
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor

out = sys.argv[1]
measured = {}


def write(name, part, X, y=None):
    table = X if y is None else np.column_stack([y, X])
    np.savetxt(f"{out}/{name}.{part}.csv", table, delimiter=",", fmt="%.9g")


def linear(name, X, y, model, measure):
    train_x, test_x, train_y, test_y = model_selection.train_test_split(X, y, test_size=0.4, random_state=3)
    write(name, "train", train_x, train_y)
    write(name, "test", test_x, test_y)
    model = pipeline.make_pipeline(preprocessing.StandardScaler(), model).fit(train_x, train_y)
    measured[name] = measure(model, test_x, test_y)


def auc(m, X, y):
    return {"auc": metrics.roc_auc_score(y, m.predict_proba(X)[:, 1]), "accuracy": metrics.accuracy_score(y, m.predict(X))}


def accuracy(m, X, y):
    return {"accuracy": metrics.accuracy_score(y, m.predict(X))}


def rmse(m, X, y):
    return {"rmse": metrics.mean_squared_error(y, m.predict(X)) ** 0.5}


def pinball(m, X, y):
    return {"pinball": metrics.mean_pinball_loss(y, m.predict(X), alpha=0.8)}


linear("cancer", *datasets.load_breast_cancer(return_X_y=True), LogisticRegression(max_iter=5000), auc)
X, y = datasets.make_classification(20000, 40, n_informative=12, n_clusters_per_class=3, flip_y=0.05, weights=[0.7], random_state=5)
linear("made_binary", X * np.geomspace(0.01, 100, 40) + 7, y, LogisticRegression(max_iter=5000), auc)
linear("digits", *datasets.load_digits(return_X_y=True), LogisticRegression(max_iter=5000), accuracy)
X, y = datasets.make_classification(20000, 30, n_informative=15, n_classes=5, random_state=6)
linear("made_classes", X, y, LogisticRegression(max_iter=5000), accuracy)
linear("diabetes", *datasets.load_diabetes(return_X_y=True), LinearRegression(), rmse)
X, y = datasets.make_regression(20000, 50, n_informative=20, noise=25, bias=300, random_state=7)
linear("made_regression", X * np.geomspace(0.1, 10, 50) - 3, y, LinearRegression(), rmse)
linear("made_quantile", X[:4000, :10], y[:4000], QuantileRegressor(quantile=0.8, alpha=0), pinball)


def clusters(name, X, k):
    write(name, "train", X)
    measured[name] = {"k": k, "features": X.shape[1], "inertia": KMeans(k, n_init=10, random_state=1).fit(X).inertia_}


clusters("blobs", datasets.make_blobs(20000, 16, centers=8, cluster_std=3.0, random_state=8)[0] + 1000, 8)
clusters("digits_clusters", datasets.load_digits().data, 10)
clusters("wine", preprocessing.scale(datasets.load_wine().data), 3)
clusters("uniform", np.random.default_rng(9).random((5000, 4)), 40)
json.dump(measured, open(f"{out}/measured.json", "w"))
