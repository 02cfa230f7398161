"""The model of scikit-learn that all servers serve: trained by each with its own packages from the same numbers, always the same."""

import os

import joblib
import numpy
from sklearn.linear_model import LogisticRegression


def trained():
    r = numpy.random.RandomState(7)
    x = r.normal(size=(2000, 20))
    return LogisticRegression().fit(x, (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int))


def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))


if __name__ == "__main__":
    joblib.dump(trained(), os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
