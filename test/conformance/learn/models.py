"""Makes models with the xgboost package for a test: into a directory, each as JSON and UBJ, with rows and what xgboost predicts."""

import json
import sys

import numpy as np
import xgboost as xgb

out = sys.argv[1]
rng = np.random.default_rng(7)
rows, columns = 600, 8
X = rng.normal(size=(rows, columns)).astype(np.float32)
X[:, 5] = rng.integers(0, 12, rows)  # the categorical feature
X[:, 6] = rng.integers(0, 3, rows)
signal = X[:, 0] * 2 - X[:, 1] + X[:, 2] * X[:, 3] + np.sin(X[:, 4]) + np.where(X[:, 5] % 3 == 0, 1.5, -0.5)
holes = X.copy()
holes[rng.random(X.shape) < 0.15] = np.nan

binary = (signal > 0.3).astype(float)
classes = np.digitize(signal, np.quantile(signal, [0.25, 0.5, 0.75])).astype(float)
counts = rng.poisson(np.exp(np.clip(signal / 3, -2, 2))).astype(float)
positive = np.exp(np.clip(signal / 2, -3, 3))
categorical = ["q"] * 5 + ["c"] * 2 + ["q"]

cases = {
    "squarederror": (dict(objective="reg:squarederror"), signal, X, None),
    "squarederror_missing": (dict(objective="reg:squarederror", base_score=0.25), signal, holes, None),
    "squaredlogerror": (dict(objective="reg:squaredlogerror"), positive, X, None),
    "absoluteerror": (dict(objective="reg:absoluteerror"), signal, holes, None),
    "pseudohuber": (dict(objective="reg:pseudohubererror"), signal, X, None),
    "quantile": (dict(objective="reg:quantileerror", quantile_alpha=[0.1, 0.5, 0.9]), signal, X, None),
    "reg_logistic": (dict(objective="reg:logistic"), binary, holes, None),
    "logistic": (dict(objective="binary:logistic", base_score=0.3), binary, holes, None),
    "logitraw": (dict(objective="binary:logitraw"), binary, holes, None),
    "hinge": (dict(objective="binary:hinge"), binary, X, None),
    "softprob": (dict(objective="multi:softprob", num_class=4), classes, holes, None),
    "softmax": (dict(objective="multi:softmax", num_class=4), classes, holes, None),
    "poisson": (dict(objective="count:poisson"), counts, X, None),
    "gamma": (dict(objective="reg:gamma"), positive, X, None),
    "tweedie": (dict(objective="reg:tweedie", tweedie_variance_power=1.3), positive, X, None),
    "cox": (dict(objective="survival:cox"), positive, X, None),
    "pairwise": (dict(objective="rank:pairwise"), np.floor(classes), X, None),
    "ndcg": (dict(objective="rank:ndcg"), np.floor(classes), holes, None),
    "dart": (dict(objective="binary:logistic", booster="dart", rate_drop=0.3), binary, holes, None),
    "dart_softprob": (dict(objective="multi:softprob", booster="dart", rate_drop=0.3, num_class=4), classes, X, None),
    "forest": (dict(objective="multi:softprob", num_class=4, num_parallel_tree=3, subsample=0.7), classes, X, None),
    "linear": (dict(objective="reg:squarederror", booster="gblinear"), signal, X, None),
    "linear_softprob": (dict(objective="multi:softprob", booster="gblinear", num_class=4), classes, X, None),
    "categorical": (dict(objective="binary:logistic", tree_method="hist", max_cat_to_onehot=2), binary, holes, categorical),
    "categorical_onehot": (dict(objective="reg:squarederror", tree_method="hist", max_cat_to_onehot=20), signal, X, categorical),
    "vectors": (dict(objective="reg:squarederror", tree_method="hist", multi_strategy="multi_output_tree"), np.stack([signal, positive], 1), holes, None),
    "targets": (dict(objective="reg:squarederror", tree_method="hist"), np.stack([signal, positive], 1), holes, None),
    "vectors_softprob": (dict(objective="multi:softprob", num_class=4, tree_method="hist", multi_strategy="multi_output_tree"), classes, X, None),
    "two_categories": (dict(objective="reg:squarederror", tree_method="approx", max_depth=9), signal, holes, categorical),
}

made = {}
for name, (params, label, data, types) in cases.items():
    matrix = xgb.DMatrix(data, label=label, feature_types=types, enable_categorical=types is not None)
    if name in ("pairwise", "ndcg"):
        matrix.set_group([20] * (rows // 20))
    booster = xgb.train({"max_depth": 5, "eta": 0.4, "seed": 1, "nthread": 1, **params}, matrix, num_boost_round=12)
    asked = data[:200].copy()
    if types is not None:
        asked[0, 5], asked[1, 5] = 99, 11  # a category that the training never met
    for ending in ("json", "ubj"):
        booster.save_model(f"{out}/{name}.{ending}")
    predicted = booster.predict(xgb.DMatrix(asked, feature_types=types, enable_categorical=types is not None), validate_features=False)
    with open(f"{out}/{name}.csv", "w") as f:
        for row in asked:
            f.write(",".join("" if np.isnan(v) else repr(float(v)) for v in row) + "\n")
    made[name] = {"objective": params["objective"], "predicted": np.asarray(predicted, dtype=float).reshape(len(asked), -1).tolist()}

json.dump({"version": xgb.__version__, "cases": made}, open(f"{out}/predicted.json", "w"))
