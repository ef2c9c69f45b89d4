"""One hidden layer on the 1797 handwritten digits that scikit-learn carries (UCI, 8 x 8 pixels)."""

import argparse

from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from labproof.run import log, log_predictions, log_scalar

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--units", type=int, default=64)
parser.add_argument("--decay", type=float, default=0)
parser.add_argument("--optimiser", choices=["adam", "sgd"], default="adam")
parser.add_argument("--rate", type=float, default=0.003)
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--patience", type=int, default=0)
options = parser.parse_args()

# The same images in every run: a third to train, a third to watch, a third for the end.
images, labels = load_digits(return_X_y=True)
split = {"random_state": 0, "stratify": labels}
images, test_images, labels, test_labels = train_test_split(
    images / 16, labels, test_size=600, **split
)
split["stratify"] = labels
images, val_images, labels, val_labels = train_test_split(images, labels, test_size=600, **split)

network = MLPClassifier(
    hidden_layer_sizes=[options.units],
    solver=options.optimiser,
    learning_rate_init=options.rate,
    batch_size=options.batch,
    alpha=options.decay,
    momentum=0,
)
lowest, waited = float("inf"), 0
for epoch in range(1, options.epochs + 1):
    network.partial_fit(images, labels, classes=range(10))
    answers, val_answers = network.predict_proba(images), network.predict_proba(val_images)
    val_loss = log_loss(val_labels, val_answers)
    log(
        epoch=epoch,
        loss=log_loss(labels, answers),
        accuracy=accuracy_score(labels, answers.argmax(axis=1)),
        val_loss=val_loss,
        val_accuracy=accuracy_score(val_labels, val_answers.argmax(axis=1)),
    )
    lowest, waited = (val_loss, 0) if val_loss < lowest else (lowest, waited + 1)
    if options.patience and waited >= options.patience:
        break

log_predictions(val_labels, val_answers)
test_answers = network.predict_proba(test_images)
log_predictions(test_labels, test_answers, split="final")
log_scalar("test_accuracy", accuracy_score(test_labels, test_answers.argmax(axis=1)))
log_scalar("test_f1", f1_score(test_labels, test_answers.argmax(axis=1), average="macro"))
