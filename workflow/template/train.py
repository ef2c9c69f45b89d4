"""A logistic regression on made-up numbers, in plain Python: put your own training in its place."""

import argparse
import math
import random

from labproof.run import log, log_predictions

parser = argparse.ArgumentParser()
parser.add_argument("--noise", type=float, default=0)
parser.add_argument("--epochs", type=int, default=30)
options = parser.parse_args()

# The data are the same in every run; what differs by seed is how the model is trained on them.
data = random.Random(0)
truth = [data.gauss(0, 1) for _ in range(20)]


def example():
    """Twenty numbers, and whether their weighted sum is above 0, give or take."""
    x = [data.gauss(0, 1) for _ in truth]
    return x, int(sum(w * v for w, v in zip(truth, x)) + data.gauss(0, 2) > 0)


def answer(weights, x):
    """The probability of label 1."""
    return 1 / (1 + math.exp(-sum(w * v for w, v in zip(weights, x))))


def judged(weights, examples):
    """Cross-entropy and accuracy."""
    told = [(answer(weights, x), y) for x, y in examples]
    loss = -sum(math.log(max(1e-9, p if y else 1 - p)) for p, y in told) / len(told)
    return loss, sum((p > 0.5) == y for p, y in told) / len(told)


train, validation = ([example() for _ in range(count)] for count in (60, 200))
weights = [random.gauss(0, 1) for _ in truth]
for epoch in range(1, options.epochs + 1):
    random.shuffle(train)
    for x, y in train:
        noisy = [v + random.gauss(0, options.noise) for v in x]
        wrong = answer(weights, noisy) - y
        weights = [w - 0.1 * wrong * v for w, v in zip(weights, noisy)]
    loss, accuracy = judged(weights, train)
    val_loss, val_accuracy = judged(weights, validation)
    log(epoch=epoch, loss=loss, accuracy=accuracy, val_loss=val_loss, val_accuracy=val_accuracy)

log_predictions([y for _, y in validation], [answer(weights, x) for x, _ in validation])
