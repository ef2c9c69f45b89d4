"""Training on TensorFlow: one network at a time, each epoch one call into the backend.

The images lie on the device, batches are gathered there, and no step comes back to Python.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from labproof.data import augmentation
from labproof.training import networks, objective

VALIDATION = 64  # images that pass the network at once


class Adam(keras.optimizers.Adam):
    """Keras' Adam by TensorFlow's own kernel, which reads each variable once and not a dozen times.

    Kingma and Ba 2015 (arXiv:1412.6980), in the form before its section 2.1, as Keras has it.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable in place."""
        number = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class Engine:
    """Networks of one cell, trained one after another; traced once for all of them.

    Parameters
    ----------
    cell
        See `training.train`.
    training, validation
        Inputs (N, …), uint8 images or float32 features, and targets (N, K) float32 of each.
    """

    def __init__(self, cell: Mapping, training: Sequence, validation: Sequence):
        self._cell, self._shape = cell, training[0].shape[1:]
        self._training = [tf.constant(np.asarray(part)) for part in training]
        self._validation = [tf.constant(np.asarray(part)) for part in validation]
        self._model = networks.build(cell, self._shape, seed=0, logits=True)
        self._optimizer = Adam(cell["learning_rate"])
        self._optimizer.build(self._model.trainable_variables)
        self._fresh = [variable.numpy() for variable in self._optimizer.variables]
        self._change = augmentation.changes(cell["augmentation"]) if cell["augmentation"] else None
        of_type = {}
        for variable in [*self._model.variables, *self._optimizer.variables]:
            of_type.setdefault(variable.dtype, []).append(variable)
        self._groups = list(of_type.values())

    def start(self, seeds: Sequence[int]) -> None:
        """Begin the network of the only one of `seeds`."""
        (self._seed,) = seeds
        own = networks.build(self._cell, self._shape, seed=self._seed)
        _assign(self._model.variables, own.variables)
        _assign(self._optimizer.variables, self._fresh)
        self._own = own

    def epoch(self, order: np.ndarray, drawn: Mapping[str, np.ndarray]) -> np.ndarray:
        """Train on all examples once, in this order: (1, N) int32; gives loss and accuracy, (1, 2).

        drawn
            See `augmentation.draw`: (1, N) each, for the images in this order.
        """
        drawn = {name: tf.constant(values[0]) for name, values in drawn.items()}
        return self._epoch(tf.constant(order[0]), drawn).numpy()[np.newaxis]

    def validate(self) -> tuple[np.ndarray, np.ndarray]:
        """Loss and accuracy on the validation examples, (1, 2), and the outputs, (1, N, K)."""
        told, outputs = self._validate()
        return told.numpy()[np.newaxis], outputs.numpy()[np.newaxis]

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities for images or features (N, …) that are not on the device, (1, N, K)."""
        starts = range(0, len(inputs), VALIDATION)
        parts = [self._answer(tf.constant(inputs[start : start + VALIDATION])) for start in starts]
        return np.concatenate([part.numpy() for part in parts])[np.newaxis]

    def state(self) -> list[np.ndarray]:
        """All that changes while the network trains: weights, random states, the optimiser's."""
        return [values.numpy() for values in self._pack()]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Go back to what `state` gave."""
        for group, values in zip(self._groups, state, strict=True):
            ends = np.cumsum([int(np.prod(variable.shape)) for variable in group])
            for variable, part in zip(group, np.split(values, ends[:-1]), strict=True):
                variable.assign(part.reshape(variable.shape))

    def models(self) -> list[keras.Model]:
        """The network as it is trained now."""
        _assign(self._own.variables, self._model.variables)
        return [self._own]

    @staticmethod
    def out_of_memory(error: Exception) -> bool:
        """Whether fewer seeds at once might do: there is but one."""
        return False

    @tf.function(autograph=False)
    def _epoch(self, order, drawn):
        size, count = self._cell["batch_size"], len(self._training[0])
        _, told = tf.while_loop(
            lambda step, _: step < count // size,
            lambda step, told: (step + 1, told + self._step(order, drawn, step * size, size)),
            (0, tf.zeros(2)),
            parallel_iterations=1,
        )
        if count % size:
            told += self._step(order, drawn, count - count % size, count % size)
        return told / count

    def _step(self, order, drawn, start, size):
        """Train on one batch; gives the sums of its losses and of what it got right."""
        rows = tf.slice(order, [start], [size])
        inputs, targets = (tf.gather(part, rows) for part in self._training)
        if self._change:
            drawn = {name: tf.slice(values, [start], [size]) for name, values in drawn.items()}
            inputs = self._change(tf.cast(inputs, tf.float32), drawn)
        with tf.GradientTape() as tape:
            logits = self._model(self._scaled(inputs), training=True)
            losses, right, _ = objective.measure(logits, targets)
            loss = tf.reduce_mean(losses)
        variables = self._model.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        self._optimizer.apply(gradients, variables)
        return tf.stack([tf.reduce_sum(losses), tf.reduce_sum(right)])

    @tf.function(autograph=False)
    def _validate(self):
        inputs, targets = self._validation
        parts = [
            self._model(self._scaled(inputs[start : start + VALIDATION]), training=False)
            for start in range(0, len(inputs), VALIDATION)
        ]
        losses, right, outputs = objective.measure(tf.concat(parts, axis=0), targets)
        return tf.stack([tf.reduce_mean(losses), tf.reduce_mean(right)]), outputs

    @tf.function(autograph=False, reduce_retracing=True)
    def _answer(self, inputs):
        return objective.probabilities(self._model(self._scaled(inputs), training=False))

    def _scaled(self, inputs):
        """Images to 0 to 1; features as they are."""
        images = self._training[0].dtype == tf.uint8
        return tf.cast(inputs, tf.float32) / 255.0 if images else inputs

    @tf.function(autograph=False)
    def _pack(self):
        return [
            tf.concat([tf.reshape(variable.value, [-1]) for variable in group], axis=0)
            for group in self._groups
        ]


def _assign(variables: Sequence, values: Sequence) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
