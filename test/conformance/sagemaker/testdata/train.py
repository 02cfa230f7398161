import argparse
import os

import joblib
import pandas
from sklearn.neighbors import KNeighborsClassifier

if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--n_neighbors", type=int)
    p.add_argument("--note")
    p.add_argument("--fail", default="false")
    p.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    args = p.parse_args()
    if args.fail == "true":
        raise ValueError("asked to")
    assert args.note == "a b" == os.environ["SM_HP_NOTE"], args
    table = pandas.read_csv(os.path.join(args.train, "train.csv"), header=None)
    model = KNeighborsClassifier(args.n_neighbors).fit(table[[0, 1]].values, table[2])
    print(f"accuracy={model.score(table[[0, 1]].values, table[2])}")
    joblib.dump(model, os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
