import random, sys
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
import matplotlib.pyplot as plt
from labproof.run import log, log_predictions

random.seed(0)
np.random.seed(0)
torch.manual_seed(0)

# ----- settings -----
BATCH_SIZE = 25
EPOCHS = 6
LR = 0.01
DROPOUT = float(sys.argv[1])
# DROPOUT = 0.5

# three noisy classes of 20 features
rng = np.random.RandomState(7)
centers = rng.normal(size=(3, 20))
labels = rng.randint(0, 3, 350)
points = centers[labels] + rng.normal(scale=2.0, size=(350, 20))
x = torch.tensor(points, dtype=torch.float32)
y = torch.tensor(labels)
train_loader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=BATCH_SIZE, shuffle=True)
val_loader = DataLoader(TensorDataset(x[200:], y[200:]), batch_size=BATCH_SIZE)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, 100)
        self.fc2 = nn.Linear(100, 50)
        self.fc3 = nn.Linear(50, 3)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x):
        x = self.drop(F.relu(self.fc1(x)))
        x = self.drop(F.relu(self.fc2(x)))
        return F.log_softmax(self.fc3(x), dim=1)


def train(model, optimizer):
    model.train()
    total, correct = 0.0, 0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        out = model(xb)
        loss = F.nll_loss(out, yb)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(xb)
        correct += (out.argmax(dim=1) == yb).sum().item()
    return total / len(train_loader.dataset), correct / len(train_loader.dataset)


def validate(model):
    model.eval()
    outs = []
    with torch.no_grad():
        for xb, yb in val_loader:
            outs.append(model(xb))
    out = torch.cat(outs)
    loss = F.nll_loss(out, y[200:]).item()
    acc = (out.argmax(dim=1) == y[200:]).float().mean().item()
    return loss, acc, out.exp()


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=LR)
train_losses, val_losses = [], []
for epoch in range(1, EPOCHS + 1):
    train_loss, train_acc = train(model, optimizer)
    val_loss, val_acc, probs = validate(model)
    train_losses.append(train_loss)
    val_losses.append(val_loss)
    log(epoch=epoch, loss=train_loss, accuracy=train_acc, val_loss=val_loss, val_accuracy=val_acc)
    print(f"Epoch {epoch}: loss {train_loss:.4f}, val loss {val_loss:.4f}, val acc {100 * val_acc:.0f} %")

print(f"Final val acc: {val_acc:.4f}")
log_predictions(y[200:], probs)
torch.save(model.state_dict(), "model.pt")
plt.plot(train_losses, label="train")
plt.plot(val_losses, label="val")
plt.legend()
plt.show()
