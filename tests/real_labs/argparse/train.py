#!/usr/bin/env python
"""Momentum and learning rate of SGD, for the report's section 4."""
import argparse
import json
import os

import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--results", default="results", help="folder for the JSON file")
args = parser.parse_args()

np.random.seed(1234)

X, y = make_classification(500, 20, n_informative=6, n_classes=3, random_state=2)
X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=2)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, random_state=2)

net = MLPClassifier((32,), solver="sgd", momentum=args.momentum, learning_rate_init=args.lr,
                    batch_size=20)
history = {"loss": [], "acc": [], "val_loss": [], "val_acc": []}
for epoch in range(args.epochs):
    net.partial_fit(X_train, y_train, classes=[0, 1, 2])
    history["loss"].append(log_loss(y_train, net.predict_proba(X_train)))
    history["acc"].append(net.score(X_train, y_train))
    history["val_loss"].append(log_loss(y_val, net.predict_proba(X_val)))
    history["val_acc"].append(net.score(X_val, y_val))

os.makedirs(args.results, exist_ok=True)
with open(os.path.join(args.results, "history.json"), "w") as f:
    json.dump(history, f)

print("Final val acc: %.4f" % history["val_acc"][-1])
print("TEST ACCURACY : %.4f (loss %.4f)" % (net.score(X_test, y_test),
                                            log_loss(y_test, net.predict_proba(X_test))))
