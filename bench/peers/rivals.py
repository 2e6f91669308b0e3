"""scikit-learn's trainers beside bpls: for each seed read from standard input, a random 80/20 split of one data set, or rows of
one of problems.py, is written to a folder in its own precision, and with --compete the rivals are trained on it; a JSON line has their seconds, their scores
(accuracy, or R²) and, where they have probabilities, log-loss and expected calibration error.

Images keep their own test rows and their pixels in [0, 1]; all other columns are standardised for the rivals, as their users do.
"""
import argparse
import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn import datasets, ensemble, linear_model, model_selection, neural_network, preprocessing
from sklearn.exceptions import ConvergenceWarning

import problems
from idx import load
from openblas import openblas

warnings.simplefilter('ignore', ConvergenceWarning)


def diamonds():
    """ggplot2's 53,940 diamonds: price by carat, cut, color, clarity (ordered, as numbers) and size."""
    code = 'd <- ggplot2::diamonds; for (n in names(d)) d[[n]] <- as.numeric(d[[n]]); write.csv(d, row.names = FALSE)'
    csv = subprocess.run(['Rscript', '-e', code], check=True, capture_output=True, text=True).stdout.splitlines()
    names = [name.strip('"') for name in csv[0].split(',')]
    table = np.loadtxt(csv[1:], delimiter=',')
    price = names.index('price')
    return np.delete(table, price, axis=1), table[:, price]


def modeldata(name, target, classes, log=False):
    """A table of R's package modeldata: numbers, and factors as indicator columns (modeldata.R)."""
    def read():
        script = os.path.join(os.path.dirname(__file__), 'modeldata.R')
        run = subprocess.run(['Rscript', script, name, target], check=True, capture_output=True, text=True)
        table = np.loadtxt(run.stdout.splitlines(), delimiter=',')
        y = table[:, -1]
        return table[:, :-1], y.astype(int) if classes else np.log(y) if log else y
    return read


def binary(rows, columns, informative):
    """Columns of 0 and 1, of which `informative` decide the class by a weighted vote with some noise."""
    random = np.random.default_rng(0)
    X = random.integers(0, 2, (rows, columns)).astype(float)
    score = (X[:, :informative] - 0.5) @ random.normal(size=informative)
    return X, (score + random.normal(scale=0.5, size=rows) > 0).astype(int)


def noise(rows, columns):
    random = np.random.default_rng(0)
    return random.normal(size=(rows, columns)), random.integers(0, 2, rows)


def bundled(name):
    return lambda: getattr(datasets, f'load_{name}')(return_X_y=True)


classification = {
    'iris': bundled('iris'),
    'wine': bundled('wine'),
    'breast cancer': bundled('breast_cancer'),
    'digits': bundled('digits'),
    '26 classes': lambda: datasets.make_classification(
        20000, 16, n_informative=12, n_redundant=0, n_classes=26, n_clusters_per_class=1, class_sep=1.5, random_state=0),
    '100,000 rows': lambda: datasets.make_classification(
        100000, 20, n_informative=10, n_redundant=5, n_classes=3, n_clusters_per_class=4, flip_y=0.02, random_state=0),
    'imbalance 97:3': lambda: datasets.make_classification(
        10000, 20, n_informative=8, n_redundant=2, n_clusters_per_class=3, weights=[0.97], flip_y=0.005, random_state=0),
    'binary inputs': lambda: binary(2000, 200, 20),
    'noise': lambda: noise(2000, 20),
    'attrition': modeldata('attrition', 'Attrition', True),
    'credit': modeldata('credit_data', 'Status', True),
    'churn': modeldata('mlc_churn', 'churn', True),
    'Watson churn': modeldata('wa_churn', 'churn', True),
    'lending club': modeldata('lending_club', 'Class', True),
    'cells': modeldata('cells', 'class', True),
    'Stack Overflow': modeldata('stackoverflow', 'Remote', True),
    'HPC jobs': modeldata('hpc_data', 'class', True),
}
regression = {
    'diabetes': bundled('diabetes'),
    'diamonds': diamonds,
    'Friedman 1': lambda: datasets.make_friedman1(5000, 10, noise=1.0, random_state=0),
    'Ames houses': modeldata('ames', 'Sale_Price', False, log=True),
    'check times': modeldata('check_times', 'check_time', False, log=True),
    'concrete': modeldata('concrete', 'compressive_strength', False),
    'Chicago trains': modeldata('Chicago', 'ridership', False),
    'Friedman 3': lambda: datasets.make_friedman3(5000, noise=0.1, random_state=0),
}


class RandomFeatures:
    """tanh of a random projection before a linear model: an extreme learning machine."""
    def __init__(self, model, units, seed):
        self.model, self.units, self.random = model, units, np.random.default_rng(seed)

    def fit(self, X, y):
        self.W = (self.random.normal(size=(X.shape[1], self.units)) / np.sqrt(X.shape[1])).astype(X.dtype)
        self.b = self.random.uniform(-1, 1, self.units).astype(X.dtype)
        self.model.fit(self.features(X), y)

    def features(self, X):
        return np.tanh(X @ self.W + self.b)

    def score(self, X, y):
        return self.model.score(self.features(X), y)


class Scaled:
    """A model that is given standardised inputs, and for a regression standardised targets."""
    def __init__(self, model, scaled, classes):
        self.model, self.scaled, self.classes = model, scaled, classes

    def fit(self, X, y):
        self.scaler = preprocessing.StandardScaler().fit(X) if self.scaled else None
        self.target = (0, 1) if self.classes else (y.mean(), y.std())
        self.model.fit(self.inputs(X), self.targets(y))

    def inputs(self, X):
        return self.scaler.transform(X) if self.scaler else X

    def targets(self, y):
        return y if self.classes else (y - self.target[0]) / self.target[1]

    def score(self, X, y):
        return self.model.score(self.inputs(X), self.targets(y))


    def truth_of(self, X, y):
        """Log-loss and expected calibration error (15 bins of the predicted class's probability), where there are any."""
        if not hasattr(self.model, 'predict_proba'):
            return {}
        p = np.clip(self.model.predict_proba(self.inputs(X)).astype(float), 1e-15, 1)
        own = p[np.arange(len(y)), np.searchsorted(self.model.classes_, y)]
        gap = p.max(1) - (self.model.classes_[p.argmax(1)] == y)
        bins = np.minimum((p.max(1) * 15).astype(int), 14)
        return {'logLoss': -np.log(own).mean(), 'calibrationError': np.abs(np.bincount(bins, gap)).sum() / len(y)}


def rivals(classes, seed, units, scaled, trees):
    alphas = np.logspace(-3, 4, 8)
    mlp = neural_network.MLPClassifier if classes else neural_network.MLPRegressor
    ridge = linear_model.RidgeClassifierCV if classes else linear_model.RidgeCV
    models = {
        'MLP': mlp(hidden_layer_sizes=(units,), random_state=seed),
        'MLP, 500 epochs': mlp(hidden_layer_sizes=(units,), random_state=seed, max_iter=500),
        'ridge': ridge(alphas=alphas),
        'random features': RandomFeatures(ridge(alphas=alphas), units, seed),
    }
    if trees:
        boosted = ensemble.HistGradientBoostingClassifier if classes else ensemble.HistGradientBoostingRegressor
        models['boosted trees'] = boosted(random_state=seed)
    return {name: Scaled(model, scaled, classes) for name, model in models.items()}


def split(args, seed):
    if args.images:
        return load(args.images, 'float32')
    if args.data in problems.every():
        return problems.generate(args.data, seed)
    X, y = (classification | regression)[args.data]()
    stratify = y if args.data in classification else None
    X, X_test, y, y_test = model_selection.train_test_split(X, y, test_size=0.2, random_state=seed, stratify=stratify)
    return X, y, X_test, y_test


def run(args, seed):
    X, y, X_test, y_test = split(args, seed)
    classes = args.images is not None or args.data in classification | problems.classification
    for name, array in {'X': X, 'y': y, 'X_test': X_test, 'y_test': y_test}.items():
        np.ascontiguousarray(array, X.dtype).tofile(os.path.join(args.folder, name))
    results, last = [], None
    competitors = rivals(classes, seed, args.units, scaled=args.images is None, trees=args.images is None) if args.compete else {}
    for name, model in competitors.items():
        if name == 'MLP, 500 epochs' and last.model.n_iter_ < last.model.max_iter:
            results.append({**results[-1], 'name': name})  # it had come to its end before
            continue
        started = time.perf_counter()
        model.fit(X, y)
        seconds = time.perf_counter() - started
        results.append({'name': name, 'seconds': seconds, 'score': model.score(X_test, y_test), **model.truth_of(X_test, y_test)})
        last = model
    return {'classes': classes, 'columns': X.shape[1], 'precision': str(X.dtype), 'results': results}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data')
    parser.add_argument('folder', help='where the split is written')
    parser.add_argument('--images', help='folder of IDX files')
    parser.add_argument('--compete', action='store_true', help='train the rivals')
    parser.add_argument('--units', type=int, default=500)
    args = parser.parse_args()
    print(json.dumps({'sklearn': sklearn.__version__, 'numpy': np.__version__, **openblas()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(run(args, int(line))), flush=True)


main()
