"""PyTorch's Adam on one hidden layer: a JSON line of versions, then lines of training seconds and test accuracy, until a
target accuracy or a limit.

Evaluation time is not counted. Data are tensors in memory and batches are drawn by one permutation an epoch, which is the
fastest way to feed so small a network.
"""
import argparse
import json
import time

import torch

from idx import load
from openblas import openblas

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument('folder')
parser.add_argument('--hidden', type=int, default=256)
parser.add_argument('--batch', type=int, default=128)
parser.add_argument('--rate', type=float, default=1e-3)
parser.add_argument('--activation', choices=['tanh', 'relu'], default='relu')
parser.add_argument('--target', type=float, default=2.0)
parser.add_argument('--limit', type=float, default=60, help='training seconds')
parser.add_argument('--threads', type=int, default=2)
parser.add_argument('--seed', type=int, default=0)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)
X, labels, X_test, labels_test = (torch.from_numpy(array) for array in load(args.folder, 'float32'))
activation = torch.nn.Tanh() if args.activation == 'tanh' else torch.nn.ReLU()
model = torch.nn.Sequential(torch.nn.Linear(X.shape[1], args.hidden), activation, torch.nn.Linear(args.hidden, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=args.rate)
loss_function = torch.nn.CrossEntropyLoss()
print(json.dumps({'torch': torch.__version__, **openblas()}), flush=True)

seconds, best, step = 0.0, 0.0, 0
evaluate_every = max(1, len(X) // args.batch // 4)
while seconds < args.limit and best < args.target:
    started = time.perf_counter()
    order = torch.randperm(len(X))
    for begin in range(0, len(X) - args.batch + 1, args.batch):
        rows = order[begin:begin + args.batch]
        loss = loss_function(model(X[rows]), labels[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        if step % evaluate_every == 0:
            seconds += time.perf_counter() - started
            with torch.no_grad():
                accuracy = (model(X_test).argmax(1) == labels_test).float().mean().item()
            best = max(best, accuracy)
            print(json.dumps({'seconds': seconds, 'accuracy': accuracy}), flush=True)
            if best >= args.target or seconds >= args.limit:
                break
            started = time.perf_counter()
    else:
        seconds += time.perf_counter() - started
