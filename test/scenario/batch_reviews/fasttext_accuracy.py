"""Trains fastText on a file and prints which part of another file's lines it is right about."""

import json
import sys

import fasttext

fasttext.FastText.eprint = lambda *_: None
s = json.loads(sys.argv[1])
model = fasttext.train_supervised(s["train"], verbose=0, thread=2, epoch=s["epoch"], lr=s["lr"], dim=s["dim"], wordNgrams=s["ngrams"],
                                  minCount=s["least"], bucket=s["buckets"])
labels, texts = zip(*(line.rstrip("\n").split(" ", 1) for line in open(s["test"], encoding="utf-8")))
found, _ = model.predict(list(texts))
print(json.dumps({"accuracy": sum(f[0] == label for f, label in zip(found, labels)) / len(labels)}))
