"""One turn of fastText: trains on a file, saves the model, answers the lines of another file one by one and all at once. Prints seconds."""

import json
import sys
import time

import fasttext

fasttext.FastText.eprint = lambda *_: None
settings = json.loads(sys.argv[1])
began = time.perf_counter()
model = fasttext.train_supervised(settings["train"], verbose=0, thread=2, epoch=settings["epoch"], lr=settings["lr"], dim=settings["dim"],
                                  wordNgrams=settings["ngrams"], minCount=settings["least"], bucket=settings["buckets"])
trained = time.perf_counter() - began
model.save_model(settings["model"])
saved = time.perf_counter() - began
model = fasttext.load_model(settings["model"])
loaded = time.perf_counter() - began - saved
labels, texts = zip(*(line.rstrip("\n").split(" ", 1) for line in open(settings["test"], encoding="utf-8")))
each = []
for text in texts[:2000]:
    began = time.perf_counter()
    model.predict(text)
    each.append(time.perf_counter() - began)
began = time.perf_counter()
found, _ = model.predict(list(texts))
print(json.dumps({"trained": trained, "saved": saved, "loaded": loaded, "each": sorted(each)[len(each) // 2], "all": time.perf_counter() - began,
                  "accuracy": sum(f[0] == label for f, label in zip(found, labels)) / len(labels)}))
