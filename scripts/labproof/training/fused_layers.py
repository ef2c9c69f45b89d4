"""Two layers of Keras in as many operations as they need: what they compute is the same.

Keras 3 has batch normalisation as a dozen passes over the feature maps, and draws spatial dropout
for each pixel anew from one number a map: each took as long as the convolution before it.
"""

import keras
from keras import layers, ops


class BatchNormalization(layers.BatchNormalization):
    """Keras' own; in training on TensorFlow by its fused kernel (Ioffe & Szegedy 2015)."""

    def call(self, inputs, training=None, mask=None):
        """Normalise (N, H, W, C) by each map's mean and variance."""
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma.value,
            offset=self.beta.value,
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        # the kernel gives the unbiased variance, Keras keeps the biased one
        biased = variance * (count - 1) / count
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, biased)):
            kept.assign(kept * self.momentum + new * (1 - self.momentum))
        return outputs


class SpatialDropout2D(layers.SpatialDropout2D):
    """Keras' own, with its draws, as one product."""

    def call(self, inputs, training=False):
        """Take out whole maps of (N, H, W, C), and enlarge the others."""
        if not training or not self.rate:
            return inputs
        ones = ops.ones((ops.shape(inputs)[0], 1, 1, inputs.shape[-1]), inputs.dtype)
        return inputs * keras.random.dropout(ones, self.rate, seed=self.seed_generator)
