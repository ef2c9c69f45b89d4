"""Training on JAX: all seeds of a block at once, each epoch one call into the backend.

An epoch of one seed is a `lax.scan` over its steps; `vmap` makes it one of all seeds. The images
lie on the device once for all of them; what comes back to the host in an epoch is four numbers a
seed.
"""

from collections.abc import Mapping, Sequence

import jax
import keras
import numpy as np
from jax import numpy as jnp

from labproof.data import augmentation
from labproof.training import networks, objective

VALIDATION = 64  # images of each seed that pass the network at once


def on_gpu() -> bool:
    """Whether JAX computes on a GPU."""
    return jax.default_backend() == "gpu"


class Engine:
    """Networks of one cell, trained together; compiled once for each number of them.

    Parameters
    ----------
    cell
        See `training.train`.
    training, validation
        Inputs (N, …), uint8 images or float32 features, and targets (N, K) float32 of each.
    """

    def __init__(self, cell: Mapping, training: Sequence, validation: Sequence):
        self._cell, self._shape = cell, training[0].shape[1:]
        self._training = [jnp.asarray(np.asarray(part)) for part in training]
        self._validation = [jnp.asarray(np.asarray(part)) for part in validation]
        self._model = networks.build(cell, self._shape, seed=0, logits=True)
        self._optimizer = keras.optimizers.Adam(cell["learning_rate"])
        self._optimizer.build(self._model.trainable_variables)
        seeds_apart = (0, 0, 0, None)
        self._epochs = jax.jit(jax.vmap(self._epoch, in_axes=seeds_apart), donate_argnums=0)
        self._answers = jax.jit(jax.vmap(self._answer, in_axes=(0, None)))
        self._validations = jax.jit(jax.vmap(self._validate, in_axes=(0, None)))

    def start(self, seeds: Sequence[int]) -> None:
        """Begin a network for each of the seeds."""
        self._own = [networks.build(self._cell, self._shape, seed=seed) for seed in seeds]
        fresh = [variable.value for variable in self._optimizer.variables]
        states = [
            (
                [variable.value for variable in own.trainable_variables],
                [variable.value for variable in own.non_trainable_variables],
                fresh,
            )
            for own in self._own
        ]
        self._state = jax.tree.map(lambda *values: jnp.stack(values), *states)

    def epoch(self, order: np.ndarray, drawn: Mapping[str, np.ndarray]) -> np.ndarray:
        """Train on all examples once, in these orders, (seeds, N); gives (seeds, loss accuracy).

        drawn
            See `augmentation.draw`: (seeds, N) each, for the images in these orders.
        """
        self._state, told = self._epochs(self._state, order, dict(drawn), self._training)
        return np.asarray(told)

    def validate(self) -> tuple[np.ndarray, np.ndarray]:
        """Loss and accuracy on the validation examples, (seeds, 2); outputs, (seeds, N, K)."""
        told, outputs = self._validations(self._state, self._validation)
        return np.asarray(told), np.asarray(outputs)

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities for images or features (N, …) that are not on the device, (seeds, N, K)."""
        starts = range(0, len(inputs), VALIDATION)
        parts = [self._answers(self._state, inputs[start : start + VALIDATION]) for start in starts]
        return np.concatenate(parts, axis=1)

    def state(self) -> list[np.ndarray]:
        """All that changes while the networks train: weights, random states, the optimiser's."""
        return [np.asarray(values) for values in jax.tree.leaves(self._state)]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Go back to what `state` gave."""
        shape = jax.tree.structure(self._state)
        self._state = jax.tree.unflatten(shape, [jnp.asarray(values) for values in state])

    def models(self) -> list[keras.Model]:
        """The networks as they are trained now."""
        trained, others, _ = self._state
        for number, own in enumerate(self._own):
            for variables, values in (
                (own.trainable_variables, trained),
                (own.non_trainable_variables, others),
            ):
                for variable, value in zip(variables, values, strict=True):
                    variable.assign(value[number])
        return self._own

    @staticmethod
    def out_of_memory(error: Exception) -> bool:
        """Whether fewer seeds at once might do."""
        return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)

    def _answer(self, state, inputs):
        """One seed's probabilities for a batch, (N, K)."""
        trained, others, _ = state
        logits, _ = self._model.stateless_call(
            trained, others, self._scaled(jnp.asarray(inputs)), training=False
        )
        return objective.probabilities(logits)

    def _epoch(self, state, order, drawn, data):
        """One seed's epoch: its state (weights, random states, optimiser's), order and draws."""
        size, count = self._cell["batch_size"], len(order)
        whole = count - count % size

        def step(state, batch):
            return self._step(state, *batch, data)

        batches = jax.tree.map(lambda values: values[:whole].reshape(-1, size), (order, drawn))
        state, told = jax.lax.scan(step, state, batches)
        told = told.sum(axis=0)
        if whole < count:
            state, rest = step(state, jax.tree.map(lambda values: values[whole:], (order, drawn)))
            told = told + rest
        return state, told / count

    def _step(self, state, rows, drawn, data):
        """Train on one batch; gives the sums of its losses and of what it got right."""
        trained, others, optimizer = state
        inputs, targets = (part[rows] for part in data)
        if drawn:
            inputs = augmentation.change_anywhere(inputs.astype("float32"), drawn)

        def of(trained):
            logits, changed = self._model.stateless_call(
                trained, others, self._scaled(inputs), training=True
            )
            losses, right, _ = objective.measure(logits, targets)
            return losses.mean(), (jnp.stack([losses.sum(), right.sum()]), changed)

        gradients, (told, others) = jax.grad(of, has_aux=True)(trained)
        trained, optimizer = self._optimizer.stateless_apply(optimizer, gradients, trained)
        return (list(trained), list(others), list(optimizer)), told

    def _validate(self, state, data):
        trained, others, _ = state
        inputs, targets = data

        def logits_of(image):
            logits, _ = self._model.stateless_call(
                trained, others, self._scaled(image[None]), training=False
            )
            return logits[0]

        logits = jax.lax.map(logits_of, inputs, batch_size=VALIDATION)
        losses, right, outputs = objective.measure(logits, targets)
        return jnp.stack([losses.mean(), right.mean()]), outputs

    def _scaled(self, inputs):
        """Images to 0 to 1; features as they are."""
        images = self._training[0].dtype == jnp.uint8
        return inputs.astype("float32") / 255.0 if images else inputs
