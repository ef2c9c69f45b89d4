# compares all combinations of learning rate and batch normalization and saves a table
import numpy as np
import pandas as pd
import tensorflow as tf
from tensorflow import keras
import matplotlib.pyplot as plt

SEED = 1
np.random.seed(SEED)
tf.random.set_seed(SEED)

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 10))
y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=300) > 0).astype(int)

results = []
for bn in [False, True]:
    for lr in [0.01, 0.1]:
        model = keras.Sequential([keras.Input(shape=(10,)), keras.layers.Dense(32, activation='relu')])
        if bn:
            model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.Dense(2, activation='softmax'))
        model.compile(keras.optimizers.SGD(lr), 'sparse_categorical_crossentropy', metrics=['accuracy'])
        h = model.fit(X, y, epochs=5, batch_size=20, validation_split=0.4, verbose=0)
        name = f'bn={bn} lr={lr}'
        plt.plot(h.history['val_accuracy'], label=name)
        results.append({'bn': bn, 'lr': lr, 'val': h.history['val_accuracy'][-1]})
        print(name, 'final val accuracy: %.4f' % h.history['val_accuracy'][-1])

plt.legend()
plt.show()
pd.DataFrame(results).to_csv('results.csv', index=False)
model.save('model.keras')
