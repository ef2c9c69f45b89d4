"""What a training minimises and counts, on any backend: cross-entropy and what is right."""

from collections.abc import Mapping

import numpy as np
from keras import losses, ops


def targets(labels: np.ndarray, cell: Mapping) -> np.ndarray:
    """Labels (N,) as the loss wants them: (N, 1) for one output, one-hot (N, 2) for two."""
    if cell["outputs"] == 1:
        return labels[:, np.newaxis].astype("float32")
    return np.eye(2, dtype="float32")[labels]


def positive(outputs: np.ndarray) -> np.ndarray:
    """Probability of label 1, (N,), of sigmoid (N, 1) or softmax (N, 2) outputs."""
    return np.asarray(outputs)[:, -1]


def probabilities(logits):
    """Of each class, (N, K), before the last activation: K is 1 for a sigmoid, 2 for a softmax."""
    return ops.sigmoid(logits) if logits.shape[1] == 1 else ops.softmax(logits, axis=1)


def measure(logits, targets):
    """Hold a network's answers against the targets.

    Parameters
    ----------
    logits
        (N, K), before the last activation: K is 1 for a sigmoid, 2 for a softmax. From the
        probabilities a cross-entropy could not be had where a network is sure.
    targets
        (N, 1) of 0 or 1, or (N, 2) one-hot.

    Returns
    -------
    losses
        (N,), binary or categorical cross-entropy.
    right
        (N,), 1 where the more probable class is the true one (at one half: class 0), else 0.
    probabilities
        (N, K).
    """
    if logits.shape[1] == 1:
        told = losses.binary_crossentropy(targets, logits, from_logits=True)
        right = ops.equal(logits[:, 0] > 0, targets[:, 0] > 0.5)
    else:
        told = losses.categorical_crossentropy(targets, logits, from_logits=True)
        right = ops.equal(ops.argmax(logits, axis=1), ops.argmax(targets, axis=1))
    return told, ops.cast(right, "float32"), probabilities(logits)
