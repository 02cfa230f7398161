"""Trains fastText on train.txt with each of the settings in settings.json; says what its models, and those that lie in a directory of
a setting's name, make of the lines of test.txt."""

import json
import sys

import fasttext

fasttext.FastText.eprint = lambda *_: None
out = sys.argv[1]
lines = [line.rstrip("\n") for line in open(f"{out}/test.txt", encoding="utf-8")]
labels, texts = zip(*(line.split(" ", 1) for line in lines))
told = {}


def tell(model):
    found, probabilities = model.predict(list(texts), k=1)
    right = sum(f[0] == label for f, label in zip(found, labels))
    return {"accuracy": right / len(lines), "labels": [f[0] for f in found], "probabilities": [float(p[0]) for p in probabilities]}


for name, settings in json.load(open(f"{out}/settings.json")).items():
    ours = settings.pop("ours")
    model = fasttext.train_supervised(f"{out}/train.txt", verbose=0, **settings)
    model.save_model(f"{out}/{name}.fasttext.bin")
    told[name] = {"theirs": tell(model)}
    if ours:
        told[name]["ours"] = tell(fasttext.load_model(f"{out}/{name}/model.bin"))
json.dump(told, open(f"{out}/told.json", "w"))
