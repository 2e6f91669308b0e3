"""scikit-learn's MLPClassifier or RidgeClassifier on images, each tuned on the last of the rows to train on. Prints JSON lines:
the versions; of each setting of the grid, which goes on where its best is at an end, its seconds and its accuracy on the
validation rows; then, on all rows, training seconds and test accuracy.

The MLP is trained by `partial_fit`, ten batches of 200 at a time, so that it can be looked at on its way; that is what `fit` does.
Evaluation time is not counted.
"""
import argparse
import json
import time

import numpy as np
import sklearn
from sklearn.linear_model import RidgeClassifier
from sklearn.neural_network import MLPClassifier

from idx import load
from moments import Moments
from openblas import openblas
from rates import best_rate

piece = 2000


def ridge(args, alpha, limit, X, y, X_test, y_test):
    started = time.perf_counter()
    model = RidgeClassifier(alpha=alpha).fit(X, y)
    yield time.perf_counter() - started, model.score(X_test, y_test)


def mlp(args, rate, limit, X, y, X_test, y_test):
    model = MLPClassifier(hidden_layer_sizes=(args.hidden,), learning_rate_init=rate, random_state=0)
    random, classes, moments = np.random.default_rng(0), np.unique(y), Moments()
    seconds, step = 0.0, 0
    while seconds < limit:
        order = random.permutation(len(X))
        for begin in range(0, len(X), piece):
            started = time.perf_counter()
            rows = order[begin:begin + piece]
            model.partial_fit(X[rows], y[rows], classes)
            seconds += time.perf_counter() - started
            step += 1
            if moments.due(step) or seconds >= limit:
                yield seconds, model.score(X_test, y_test)
            if seconds >= limit:
                return


models = {'mlp': (mlp, [5e-4, 1e-3, 3e-3]), 'ridge': (ridge, [1.0, 10.0, 100.0])}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', choices=models)
    parser.add_argument('folder', help='of IDX files')
    parser.add_argument('--hidden', type=int, default=100)
    parser.add_argument('--validation', type=int, default=10000)
    parser.add_argument('--grid-limit', type=float, default=3)
    parser.add_argument('--limit', type=float, default=30)
    args = parser.parse_args()
    train, grid = models[args.model]
    X, y, X_test, y_test = load(args.folder, 'float32')
    split = len(X) - args.validation
    print(json.dumps({'sklearn': sklearn.__version__, 'numpy': np.__version__, **openblas()}), flush=True)

    def judge(rate):
        for seconds, accuracy in train(args, rate, args.grid_limit, X[:split], y[:split], X[split:], y[split:]):
            pass
        print(json.dumps({'rate': rate, 'seconds': seconds, 'validation': accuracy}), flush=True)
        return accuracy

    chosen = best_rate(grid, judge, lambda a, b: a > b)
    for seconds, accuracy in train(args, chosen, args.limit, X, y, X_test, y_test):
        print(json.dumps({'rate': chosen, 'seconds': seconds, 'accuracy': accuracy}), flush=True)


main()
