"""A network of PyTorch, trained by one of its optimizers. Prints JSON lines: the versions; for each rate of a grid, where there
is more than one, the seconds that it took and what it came to on the validation rows, which are the last of those to train
on (the grid goes on where its best is at an end); then, for each seed and by the best rate on all rows, training seconds and
accuracy (or relative error) on the test rows, until a target or a limit.

Evaluation time is not counted. Data are tensors in memory and batches are drawn by one permutation an epoch, which is the
fastest way to feed so small a network.
"""
import argparse
import json
import math
import time

import torch

from idx import load
from moments import Moments
from openblas import openblas
from arrays import load_arrays
from rates import best_rate

activations = {'tanh': torch.nn.Tanh, 'relu': torch.nn.ReLU, 'identity': torch.nn.Identity}
optimizers = {
    'adam': lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
    'sgd': lambda parameters, rate: torch.optim.SGD(parameters, lr=rate),
    'nag': lambda parameters, rate: torch.optim.SGD(parameters, lr=rate, momentum=0.9, nesterov=True),
    'adagrad': lambda parameters, rate: torch.optim.Adagrad(parameters, lr=rate),
}


class Classes:
    """Cross-entropy, judged by accuracy."""
    name, loss, worst = 'accuracy', torch.nn.CrossEntropyLoss(), 0.0

    @staticmethod
    def measure(outputs, labels):
        return (outputs.argmax(1) == labels).float().mean().item()

    @staticmethod
    def better(a, b):
        return a > b


class Values:
    """Mean squared error, judged by ‖Ŷ − Y‖ / ‖Y‖."""
    name, loss, worst = 'error', torch.nn.MSELoss(), math.inf

    @staticmethod
    def measure(outputs, targets):
        return ((outputs - targets).norm() / targets.norm()).item()

    @staticmethod
    def better(a, b):
        return a < b


def train(args, task, rate, seed, limit, rows, heldOut):
    """Yields (training seconds, measure on the rows held out); ends where the loss is no longer finite."""
    torch.manual_seed(seed)
    (X, Y), outputs = rows, rows[1].shape[1] if rows[1].ndim == 2 else int(rows[1].max()) + 1
    sizes = [X.shape[1], *args.hidden]
    hidden = [part for m, n in zip(sizes, args.hidden) for part in (torch.nn.Linear(m, n), activations[args.activation]())]
    model = torch.nn.Sequential(*hidden, torch.nn.Linear(sizes[-1], outputs))
    optimizer = optimizers[args.optimizer](model.parameters(), rate)
    batch = min(args.batch, len(X))
    moments, seconds, step = Moments(), 0.0, 0
    while True:
        started = time.perf_counter()
        order = torch.randperm(len(X))
        for begin in range(0, len(X) - batch + 1, batch):
            if args.schedule == 'cosine':
                now = seconds + time.perf_counter() - started
                optimizer.param_groups[0]['lr'] = rate * (1 + math.cos(math.pi * min(1, now / limit))) / 2
            chosen = order[begin:begin + batch]
            loss = task.loss(model(X[chosen]), Y[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
            over = seconds + time.perf_counter() - started >= limit
            if moments.due(step) or over:
                seconds += time.perf_counter() - started
                if not math.isfinite(loss.item()):
                    return
                with torch.no_grad():
                    yield seconds, task.measure(model(heldOut[0]), heldOut[1])
                if over:
                    return
                started = time.perf_counter()
        seconds += time.perf_counter() - started


def tune(args, task, rows):
    """The best of the rates; of those that come to the same, the one that was there first."""
    if len(args.rates) == 1:
        return args.rates[0]
    split = len(rows[0]) - args.validation
    parts = [part[:split] for part in rows], [part[split:] for part in rows]

    def judge(rate):
        moments = list(train(args, task, rate, 0, args.grid_limit, *parts))
        seconds, value = moments[-1] if moments else (0.0, task.worst)
        if seconds < args.grid_limit or not math.isfinite(value):  # it diverged
            value = task.worst
        print(json.dumps({'rate': rate, 'seconds': seconds, 'validation': value if math.isfinite(value) else None}), flush=True)
        return value, next((after for after, reached in moments if not task.better(value, reached)), math.inf)

    def better(a, b):
        return task.better(a[0], b[0]) or (a[0] == b[0] and a[1] < b[1])

    return best_rate(args.rates, judge, better)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', help='of IDX files, or of arrays with --columns')
    parser.add_argument('--columns', type=int, help='of the inputs')
    parser.add_argument('--outputs', type=int, help='columns of the targets; labels where there are none')
    parser.add_argument('--precision', choices=['float32', 'float64'], default='float32')
    parser.add_argument('--hidden', type=lambda text: [int(n) for n in text.split(',') if n], default=[256])
    parser.add_argument('--activation', choices=activations, default='relu')
    parser.add_argument('--optimizer', choices=optimizers, default='adam')
    parser.add_argument('--schedule', choices=['constant', 'cosine'], default='constant')
    parser.add_argument('--batch', type=int, default=128)
    parser.add_argument('--rates', type=lambda text: [float(rate) for rate in text.split(',')], default=[1e-3])
    parser.add_argument('--validation', type=int, default=10000, help='rows that the rate is chosen by')
    parser.add_argument('--grid-limit', type=float, default=3, help='training seconds of each rate of the grid')
    parser.add_argument('--limit', type=float, default=60, help='training seconds')
    parser.add_argument('--target', type=float)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--seeds', type=int, default=1)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.set_default_dtype(getattr(torch, args.precision))
    task = Values if args.outputs else Classes
    arrays = load_arrays(args) if args.columns else load(args.folder, args.precision)
    X, Y, X_test, Y_test = (torch.from_numpy(array) for array in arrays)
    print(json.dumps({'torch': torch.__version__, **openblas()}), flush=True)
    rate = tune(args, task, (X, Y))
    for seed in range(args.seeds):
        for seconds, value in train(args, task, rate, seed, args.limit, (X, Y), (X_test, Y_test)):
            print(json.dumps({'seed': seed, 'rate': rate, 'seconds': seconds, task.name: value}), flush=True)
            if args.target is not None and not task.better(args.target, value):
                break


main()
