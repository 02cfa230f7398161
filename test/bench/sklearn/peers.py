"""Saves the model for MLflow in the directory that is named, and for BentoML in its store."""

import sys

import bentoml
import mlflow.sklearn

from model import trained

mlflow.sklearn.save_model(trained(), sys.argv[1], pip_requirements=[])
bentoml.sklearn.save_model("bench", trained())
