"""The model as a service of BentoML."""

import bentoml
import numpy


@bentoml.service(workers=2)
class Bench:
    def __init__(self):
        self.model = bentoml.sklearn.load_model("bench")

    @bentoml.api
    def predict(self, rows: list[list[float]]) -> list[int]:
        return self.model.predict(numpy.array(rows)).tolist()
