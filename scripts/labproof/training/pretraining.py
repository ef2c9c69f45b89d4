"""A backbone's training on the source task, so that there is something to transfer."""

import logging
from collections.abc import Sequence

import keras
import numpy as np
import pandas as pd
from keras import layers

from labproof.data import source_task
from labproof.lab import architectures
from labproof.training import backbones, networks
from labproof.training.checkpoints import Checkpoints, State

LOG = logging.getLogger(__name__)
HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]


def train(
    name: str,
    *,
    base: int,
    size: int,
    images: int,
    epochs: int,
    learning_rate: float,
    seed: int,
    batch_size: int = 32,
    checkpoints: Checkpoints | None = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Train a backbone on the source task, so that there is something to transfer.

    Every epoch draws `images` new images of `size` pixels: on 2000 fixed ones the network learnt
    them by heart. VGG16 has no normalisation and hardly starts without; it is trained with batch
    normalisation, which is then folded into its convolutions, so that what comes out is VGG16.
    The learning rate falls along a half cosine (Loshchilov and Hutter 2017, arXiv:1608.03983).
    With `checkpoints` it goes on from the last epoch that they hold, to the same bits.

    Returns
    -------
    backbone
        Without its top, for images of `size` pixels, frozen.
    history
        epoch, loss, accuracy, val_loss, val_accuracy of the source task; the validation images, a
        quarter as many, are the same in every epoch.
    """
    backbones.check(name, (size, size, 3))
    if name == "vgg16":
        inputs = keras.Input((size, size, 3), name="input")
        seeds = networks.Seeds(seed)
        features = networks.convolutions(
            inputs,
            architectures.VGG16,
            base=base,
            initializer="he_normal",
            seeds=seeds,
            batch_norm=True,
            momentum=0.9,
        )
    else:
        body = backbones.build(name, (size, size, 3), seed=seed)
        inputs, features = body.input, body.output
    pooled = layers.GlobalAveragePooling2D()(features)
    outputs = layers.Dense(
        len(source_task.CLASSES),
        activation="softmax",
        kernel_initializer=keras.initializers.GlorotUniform(seed=1_000 * seed + 999),
    )(pooled)
    model = keras.Model(inputs, outputs)
    steps = -(-images // batch_size)
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps * epochs, alpha=0.01)
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=steps,
    )
    validation = _source(name, -(-images // 4), size, [seed, 0])
    model.optimizer.build(model.trainable_variables)
    changing = [*model.variables, *model.optimizer.variables]
    done = (checkpoints and checkpoints.load(name)) or State()
    if done.epoch and not done.fits(changing, epochs):
        LOG.warning("the checkpoint is of another network: %s starts anew", name)
        done = State()
    if done.epoch:
        for variable, value in zip(changing, done.variables, strict=True):
            variable.assign(value)
    rows = list(done.rows)
    for epoch in range(done.epoch + 1, epochs + 1):
        x, y = _source(name, images, size, [seed, epoch])
        order = np.random.default_rng([seed, epoch]).permutation(images)
        fit = model.fit(
            x[order],
            y[order],
            batch_size=batch_size,
            shuffle=False,
            verbose=0,
            validation_data=validation,
        )
        told = {key: float(values[0]) for key, values in fit.history.items()}
        rows.append({"epoch": epoch, **told})
        if checkpoints:
            values = [np.array(keras.ops.convert_to_numpy(variable)) for variable in changing]
            checkpoints.keep(name, State(epoch, tuple(rows), variables=values))
        numbers = "  ".join(f"{key} {value:.3f}" for key, value in list(rows[-1].items())[1:])
        LOG.info("source task  epoch %d/%d  %s", epoch, epochs, numbers)
    if checkpoints:
        checkpoints.save()
    backbone = keras.Model(inputs, features)
    if name == "vgg16":
        backbone = fold(backbone, backbones.build(name, (size, size, 3), base=base))
    backbone.trainable = False
    return backbone, pd.DataFrame(rows, columns=HISTORY)


def fold(normalised: keras.Model, plain: keras.Model) -> keras.Model:
    """Put a network's batch normalisation into the convolutions of its twin without any.

    At inference, gamma (w * x + b - mean) / sqrt(variance + epsilon) + beta is a convolution with
    the kernel gamma w / sqrt(variance + epsilon); so both give the same features.
    """
    of_kind = [
        [layer for layer in normalised.layers if isinstance(layer, kind)]
        for kind in (layers.Conv2D, layers.BatchNormalization)
    ]
    into = [layer for layer in plain.layers if isinstance(layer, layers.Conv2D)]
    for convolution, norm, target in zip(*of_kind, into, strict=True):
        kernel, bias = convolution.get_weights()
        gamma, beta, mean, variance = norm.get_weights()
        factor = gamma / np.sqrt(variance + norm.epsilon)
        target.set_weights([kernel * factor, (bias - mean) * factor + beta])
    return plain


def _source(name: str, count: int, size: int, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Images of the source task as the network takes them, and their labels."""
    images, labels = source_task.draw(count, size=size, seed=1_000 * seed[0] + seed[1])
    return backbones.preprocess(name, images), labels
