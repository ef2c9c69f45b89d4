# Lab 3: tasks 5a (plain) and 5d (batch norm)
# usage: python train.py configs/5a.yml
import sys, random, pickle
import numpy as np
import yaml
import matplotlib.pyplot as plt
from tensorflow import keras
from tensorflow.keras import layers

random.seed(42)
np.random.seed(42)
keras.utils.set_random_seed(42)

cfg = yaml.safe_load(open(sys.argv[1]))

def load_data():
    # two classes of "images": a bright spot on the left or on the right, and a lot of noise
    rng = np.random.RandomState(2)
    y = rng.randint(0, 2, 360)
    X = rng.normal(size=(360, 8, 8)).astype('float32')
    X[np.arange(360), 3, np.where(y == 1, 5, 2)] += 2.5
    X = X.reshape(360, -1)
    return X[:200], y[:200], X[200:280], y[200:280], X[280:], y[280:]

x_train, y_train, x_val, y_val, x_test, y_test = load_data()

def get_model(base, batch_norm):
    model = keras.Sequential()
    model.add(keras.Input(shape=(64,)))
    for units in (base, base // 2):
        model.add(layers.Dense(units))
        if batch_norm:
            model.add(layers.BatchNormalization())
        model.add(layers.Activation('relu'))
    model.add(layers.Dense(1, activation='sigmoid'))
    return model

model = get_model(cfg['base'], cfg['batch_norm'])
model.compile(optimizer=keras.optimizers.Adam(learning_rate=cfg['lr']),
              loss='binary_crossentropy', metrics=['acc'])

checkpoint = keras.callbacks.ModelCheckpoint('model.keras', monitor='val_acc', save_best_only=True)
history = model.fit(x_train, y_train, batch_size=25, epochs=cfg['epochs'],
                    validation_data=(x_val, y_val), callbacks=[checkpoint], verbose=2)

with open('history.pkl', 'wb') as f:
    pickle.dump(history.history, f)

plt.plot(history.history['acc'])
plt.plot(history.history['val_acc'])
plt.title(sys.argv[1])
plt.legend(['train', 'val'])
plt.savefig('curves.png')
plt.show()

print('Final val acc: %.4f' % history.history['val_acc'][-1])
test_loss, test_acc = model.evaluate(x_test, y_test, verbose=0)
print('test acc: %.4f' % test_acc)
