"""Generated problems whose lesson is known, each hard in one way of its own: what a table of real data may hold, and what is
known to mislead a trainer. Each is a function of a random generator that returns X and y and, as its default, has the rows to
train on; generate() draws as many, and 2,500 more to test. Run by itself it prints their names.
"""
import inspect
import json
import zlib

import numpy as np

test_rows = 2500
classification, regression = {}, {}


def problem(family, name):
    def add(make):
        family[name] = make
        return make
    return add


def every():
    return classification | regression


def indicators(codes, categories):
    return np.eye(categories)[codes]


def flipped(g, y, share):
    return np.where(g.random(len(y)) < share, 1 - y, y)


def generate(name, seed):
    make = every()[name]
    rows = inspect.signature(make).parameters['n'].default
    X, y = make(np.random.default_rng([zlib.crc32(name.encode()), seed]), rows + test_rows)
    return X[:rows].astype(float), y[:rows], X[rows:].astype(float), y[rows:]


# Boundaries that bend

@problem(classification, 'two spirals')
def _(g, n=600):
    y, t = g.integers(0, 2, n), 3 * np.pi * np.sqrt(g.random(n))
    return np.c_[t * np.cos(t + y * np.pi), t * np.sin(t + y * np.pi)] / 3 + 0.1 * g.normal(size=(n, 2)), y


@problem(classification, 'two moons')
def _(g, n=200):
    y, t = g.integers(0, 2, n), np.pi * g.random(n)
    X = np.c_[np.cos(t) * (1 - 2 * y) + y, np.sin(t) * (1 - 2 * y) + y / 2]
    return X + 0.2 * g.normal(size=(n, 2)), y


@problem(classification, 'checkerboard 8 × 8')
def _(g, n=4000):
    X = g.random((n, 2))
    return X, np.floor(8 * X).sum(1).astype(int) % 2


@problem(classification, 'five rings')
def _(g, n=1500):
    X = g.normal(size=(n, 2))
    return X, np.digitize(np.hypot(*X.T), [0.6, 1, 1.4, 1.9])


@problem(classification, '20 stripes')
def _(g, n=1000):
    x = g.random((n, 1))
    return x, (np.sin(60 * x[:, 0]) > 0).astype(int)


@problem(classification, 'sphere in 10')
def _(g, n=2000):
    X = g.normal(size=(n, 10))
    return X, ((X ** 2).sum(1) > 9.34).astype(int)


@problem(classification, 'three covariances')
def _(g, n=2000):
    y, maps = g.integers(0, 3, n), g.normal(size=(3, 6, 6))
    return np.einsum('nij,nj->ni', maps[y], g.normal(size=(n, 6))), y


@problem(classification, '50 clusters, 10 classes')
def _(g, n=3000):
    cluster, centres = g.integers(0, 50, n), 1.5 * g.normal(size=(50, 10))
    return centres[cluster] + 0.8 * g.normal(size=(n, 10)), cluster % 10


# Interactions and rules

@problem(classification, 'XOR in 20 columns')
def _(g, n=1500):
    X = g.normal(size=(n, 20))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


@problem(classification, 'parity of 3 bits in 20, noisy')
def _(g, n=3000):
    X = g.integers(0, 2, (n, 20))
    return X, flipped(g, X[:, :3].sum(1) % 2, 0.1)


@problem(classification, 'rules of ordinals')
def _(g, n=2000):
    X = g.integers(1, 6, (n, 8))
    y = ((X[:, 0] > 3) & (X[:, 1] < 3)) | ((X[:, 2] == 5) & (X[:, 3] > 1)) | (X[:, 4] == 3)
    return X, flipped(g, y.astype(int), 0.05)


@problem(classification, 'rules of thresholds')
def _(g, n=2000):
    X = g.random((n, 8))
    y = ((X[:, 0] > 0.6) & (X[:, 1] < 0.5)) | ((X[:, 2] > 0.8) & (X[:, 3] > 0.2)) | (abs(X[:, 4] - 0.6) < 0.1)
    return X, flipped(g, y.astype(int), 0.05)


@problem(classification, 'pairs of categories')
def _(g, n=2500):
    a, b, table = g.integers(0, 10, n), g.integers(0, 10, n), g.integers(0, 2, (10, 10))
    return np.c_[indicators(a, 10), indicators(b, 10), g.normal(size=(n, 2))], table[a, b]


# What tables hold

@problem(classification, '200 categories')
def _(g, n=4000):
    a, effect, X = g.integers(0, 200, n), g.normal(size=200), g.normal(size=(n, 3))
    score = effect[a] + X[:, 0] - X[:, 1]
    return np.c_[indicators(a, 200), X], (score + 0.5 * g.normal(size=n) > 0).astype(int)


@problem(classification, 'columns that hardly differ')
def _(g, n=1000):
    X, difference = g.normal(size=(n, 3)), g.normal(size=n)
    return np.c_[X, X[:, 0] + 0.01 * difference], (difference > 0).astype(int)


@problem(classification, 'scales from 1e-8 to 1e8')
def _(g, n=1500):
    Z, scales = g.normal(size=(n, 10)), 10.0 ** np.linspace(-8, 8, 10)
    return Z * scales + scales * g.integers(-50, 50, 10), (Z[:, 0] * Z[:, 9] + Z[:, 4] > 0).astype(int)


@problem(classification, 'heavy tails')
def _(g, n=1500):
    L = g.normal(size=(n, 6))
    return np.exp(2 * L), (L[:, 0] - L[:, 1] + 0.5 * L[:, 2] + 0.3 * g.normal(size=n) > 0).astype(int)


@problem(classification, 'missing as −999')
def _(g, n=2500):
    Z = g.normal(size=(n, 8))
    y = (Z[:, 0] + Z[:, 1] * Z[:, 2] + 0.3 * g.normal(size=n) > 0).astype(int)
    return np.where(g.random(Z.shape) < 0.2, -999, Z), y


@problem(classification, 'word counts')
def _(g, n=1000):
    topics, y = g.dirichlet(np.full(300, 0.1), 5), g.integers(0, 5, n)
    return g.poisson(12 * (topics[y] + topics.mean(0)) / 2), y


@problem(classification, 'letters of noisy bits')
def _(g, n=1000):
    letters, y = g.integers(0, 2, (26, 35)), g.integers(0, 26, n)
    return letters[y] ^ (g.random((n, 35)) < 0.15), y


@problem(classification, '80 rows of 500 columns')
def _(g, n=80):
    X = g.normal(size=(n, 500))
    return X, (X[:, :5].sum(1) + 0.5 * g.normal(size=n) > 0).astype(int)


@problem(classification, '50 classes of 10 rows')
def _(g, n=500):
    y, centres = np.arange(n) % 50, 1.2 * g.normal(size=(50, 20))
    return centres[y] + g.normal(size=(n, 20)), y


@problem(classification, 'ten ordered classes')
def _(g, n=2000):
    X = g.normal(size=(n, 8))
    return X, np.digitize(X.sum(1) / 8 ** 0.5, [-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28])


@problem(classification, 'one of a hundred')
def _(g, n=5000):
    y, X = (g.random(n) < 0.01).astype(int), g.normal(size=(n, 8))
    X[:, :2] += np.outer(y, [2.5, 1.5])
    return X, y


@problem(classification, 'labels flipped, 30 %')
def _(g, n=2000):
    X = g.normal(size=(n, 10))
    return X, flipped(g, (X @ np.arange(10) > 0).astype(int), 0.3)


# Functions that oscillate, jump or grow

@problem(regression, 'sine, 16 periods')
def _(g, n=2000):
    x = g.random((n, 1))
    return x, np.sin(100 * x[:, 0]) + 0.1 * g.normal(size=n)


@problem(regression, 'chirp')
def _(g, n=1000):
    x = g.random((n, 1))
    return x, np.sin(60 * x[:, 0] ** 3) + 0.1 * g.normal(size=n)


@problem(regression, 'ten steps')
def _(g, n=500):
    x, levels = g.random((n, 1)), g.normal(size=10)
    return x, levels[(10 * x[:, 0]).astype(int)] + 0.1 * g.normal(size=n)


@problem(regression, 'narrow peak')
def _(g, n=1000):
    x = g.random((n, 1))
    return x, np.exp(-((x[:, 0] - 0.37) / 0.01) ** 2) + 0.02 * g.normal(size=n)


@problem(regression, 'ripples')
def _(g, n=2000):
    X = 2 * g.random((n, 2)) - 1
    return X, np.cos(25 * np.hypot(*X.T)) + 0.1 * g.normal(size=n)


@problem(regression, 'product of 3 in 8')
def _(g, n=1000):
    X = g.normal(size=(n, 8))
    return X, X[:, :3].prod(1) + 0.1 * g.normal(size=n)


@problem(regression, 'ten pairs')
def _(g, n=3000):
    X = g.normal(size=(n, 20))
    return X, (X[:, ::2] * X[:, 1::2]).sum(1) + 0.3 * g.normal(size=n)


@problem(regression, 'arm of 4 joints')
def _(g, n=3000):
    X = (g.random((n, 8)) - 0.5) * np.pi
    angles = np.cumsum(X[:, :4], 1)
    y = np.cos(angles).sum(1) * np.cos(X[:, 4]) + np.sin(angles[:, 3]) * np.sin(X[:, 5])
    return X, y + 0.1 * g.normal(size=n)


@problem(regression, 'exponential')
def _(g, n=2000):
    X = g.normal(size=(n, 6))
    return X, np.exp(X[:, :3].sum(1))


@problem(regression, 'ratio')
def _(g, n=2000):
    X = np.exp(g.normal(size=(n, 5)))
    return X, X[:, 0] / X[:, 1] + 0.1 * g.normal(size=n)


# Targets, noise and columns as they come

@problem(regression, 'targets about 1e9')
def _(g, n=1000):
    X = g.normal(size=(n, 5))
    return X, 1e9 + np.sin(2 * X[:, 0]) + X[:, 1] + 0.1 * g.normal(size=n)


@problem(regression, 'counts')
def _(g, n=2000):
    X = g.normal(size=(n, 6))
    return X, g.poisson(np.exp(0.5 * X[:, 0] + 0.3 * X[:, 1] * X[:, 2] - 0.5)).astype(float)


@problem(regression, 'mostly 0')
def _(g, n=2500):
    X = g.normal(size=(n, 6))
    return X, np.maximum(0, X[:, 0] + X[:, 1] - 1.5) * np.exp(X[:, 2])


@problem(regression, 'unequal noise')
def _(g, n=1500):
    X = g.normal(size=(n, 5))
    return X, X[:, 0] * X[:, 1] + np.exp(X[:, 2]) * g.normal(size=n) / 2


@problem(regression, 'noise of heavy tails')
def _(g, n=1500):
    X = g.normal(size=(n, 5))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + 0.5 * g.standard_t(3, n)


@problem(regression, 'outliers among the inputs')
def _(g, n=1500):
    Z = g.normal(size=(n, 5))
    y = Z[:, 0] * Z[:, 1] + Z[:, 2] + 0.1 * g.normal(size=n)
    return np.where(g.random(Z.shape) < 0.01, 100 * Z, Z), y


@problem(regression, '100 categories')
def _(g, n=3000):
    a, level, slope, X = g.integers(0, 100, n), g.normal(size=100), g.normal(size=100), g.normal(size=(n, 2))
    return np.c_[indicators(a, 100), X], level[a] + 0.7 * slope[a] * X[:, 0] + 0.2 * g.normal(size=n)


@problem(regression, '40 categories as codes')
def _(g, n=2500):
    a, level = g.integers(0, 40, n), g.normal(size=40)
    return np.c_[a, g.normal(size=(n, 2))], level[a] + 0.2 * g.normal(size=n)


@problem(regression, 'seconds since 1970')
def _(g, n=2000):
    t = g.integers(1_500_000_000, 1_700_000_000, n).astype(float)
    y = np.sin(2 * np.pi * t / 31_557_600) + (t - 1.6e9) / 1e8
    return np.c_[t, g.normal(size=(n, 2))], y + 0.2 * g.normal(size=n)


@problem(regression, 'ten of 500 columns')
def _(g, n=1000):
    X = g.normal(size=(n, 500))
    return X, X[:, :10].sum(1) + g.normal(size=n)


@problem(regression, 'weak sum of 30')
def _(g, n=1000):
    X = g.normal(size=(n, 30))
    return X, 0.1 * X.sum(1) + 3 * g.normal(size=n)


@problem(regression, 'chaotic map')
def _(g, n=1000):
    x = [0.3 + 0.1 * g.random()]
    for _ in range(n + 5):
        x.append(3.9 * x[-1] * (1 - x[-1]))
    seen = np.array(x) + 0.02 * g.normal(size=len(x))
    return np.stack([seen[lag:lag + n] for lag in range(5)], 1), np.array(x)[5:5 + n]


@problem(regression, 'daily and weekly season')
def _(g, n=1500):
    t, drift = np.arange(n + 48), np.zeros(n + 48)
    for i in range(1, len(t)):
        drift[i] = 0.7 * drift[i - 1] + 0.5 * g.normal()
    y = 3 * np.sin(2 * np.pi * t / 24) + np.sin(2 * np.pi * t / 168) + drift
    return np.stack([y[lag:lag + n] for lag in range(48)], 1), y[48:]


if __name__ == '__main__':
    print(json.dumps({'numpy': np.__version__, 'problems': list(every())}))
