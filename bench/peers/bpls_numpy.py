"""The package's algorithms in NumPy and SciPy, written for speed: float arrays in memory, symmetric products by BLAS's syrk,
one Cholesky factor for many right-hand sides, hidden-layer work on active rows only.

    random    U[-1, 1] features and the output solve
    train     the default training of one hidden tanh layer on image windows
    predict   the classes of 10,000 rows by a 784-1000-10 network
    lstsq     least squares of a 20,000 × 500 system by the SVD
    ridge     ridge regression of it by Cholesky

Loads its data, prints a JSON object of versions, and then one of results for each line of its input, which is the seed of
a run: {"seconds": …, …}. Loading is no part of the seconds.
"""
import argparse
import json
import sys
import time

import numpy as np
import scipy.linalg
from scipy.linalg import blas, lapack

from idx import load
from openblas import openblas


def syrk(A):
    """Lower triangle of AᵀA for a row-major A, which is Fortran's upper triangle of (Aᵀ)(Aᵀ)ᵀ."""
    function = blas.ssyrk if A.dtype == np.float32 else blas.dsyrk
    return function(1.0, A.T, trans=0, lower=1)


def gram(H):
    """[H, 1]ᵀ[H, 1], lower triangle."""
    n = H.shape[1]
    G = np.empty((n + 1, n + 1), H.dtype, order='F')
    G[:n, :n] = syrk(H)
    G[n, :n] = H.sum(0)
    G[n, n] = len(H)
    return G


def factor(G, shift, last):
    G = G.copy(order='F')
    d = np.einsum('ii->i', G)
    d[:-1] += shift
    d[-1] += last
    return scipy.linalg.cho_factor(G, lower=True, overwrite_a=True, check_finite=False)


def solve(F, B):
    return scipy.linalg.cho_solve(F, B, check_finite=False)


def product(H, W):
    Z = H @ W[:-1]
    Z += W[-1]
    return Z


def transposed_product(H, B):
    return np.vstack([H.T @ B, B.sum(0, keepdims=True)])


def contrast(rng, X, labels, N):
    """First-layer weights from differences of two samples of different classes through random Gaussian windows of the image."""
    S, d = X.shape
    probe = X[rng.integers(0, S, 5000)]
    W = np.empty((d + 1, N), X.dtype)
    i, j = rng.integers(0, S, N), rng.integers(0, S, N)
    while (same := labels[i] == labels[j]).any():
        j[same] = rng.integers(0, S, same.sum())
    w = X[i] - X[j]
    for unit in range(N):
        deviation = 28 * rng.uniform(1 / 9, 1 / 6)
        centres = rng.uniform(deviation / 2, 28 - deviation / 2, (2, 1))
        rows, columns = np.exp(-((np.arange(28) + 0.5 - centres) / deviation) ** 2 / 2)
        w[unit] *= np.outer(rows, columns).ravel()
    w /= np.maximum(np.linalg.norm(w, axis=1, keepdims=True), 1e-6)
    b = -(w * (X[i] + X[j])).sum(1) / 2
    scale = 1 / np.maximum((probe @ w.T).std(0), 1e-6)
    W[:-1] = w.T * scale
    W[-1] = b * scale
    return W


def residual(Z, labels):
    """One-sided: an output beyond its margin of ±1 asks for nothing. In place."""
    rows = np.arange(len(Z))
    own = np.maximum(1 - Z[rows, labels], 0)
    np.minimum(-1 - Z, 0, out=Z)
    Z[rows, labels] = own
    return Z


def solve_output(H, labels, W, ridge, steps=8):
    S = len(H)
    G = gram(H)
    try:
        F = factor(G, ridge * S, 0)
    except np.linalg.LinAlgError:  # units that hardly vary are next to the constant; the steps make up for its ridge
        F = factor(G, ridge * S, ridge * S)
    previous, momentum = W.copy(), 1.0
    for step in range(steps):
        g = transposed_product(H, residual(product(H, W), labels))
        g[:-1] -= ridge * S * W[:-1]
        new = W + solve(F, g)
        following = (1 + np.sqrt(1 + 4 * momentum ** 2)) / 2
        W = new + (momentum - 1) / following * (new - previous) if step + 1 < steps else new
        previous, momentum = new, following
    return W, residual(product(H, W), labels), F


def random_features(X, labels, hidden, ridge, rng):
    W = rng.uniform(-1, 1, (X.shape[1] + 1, hidden)).astype(X.dtype)
    H = np.tanh(product(X, W), out=None)
    V, R, _ = solve_output(H, labels, np.zeros((hidden + 1, 10), X.dtype), ridge)
    return W, V


def train(X, labels, hidden, iterations, ridges, rng):
    """lib/training/gauss-newton.ts for one hidden layer."""
    S, dtype = len(X), X.dtype
    W, V = contrast(rng, X, labels, hidden), np.zeros((hidden + 1, 10), dtype)
    G0 = gram(X)
    d = len(G0) - 1
    mean_square = np.trace(G0[:-1, :-1]) / d / S
    hidden_ridge, ridge = ridges
    damping, objective, moved, model, accepted = 0.5, np.inf, None, 1.0, None
    for iteration in range(iterations + 1):
        H = product(X, W)
        np.tanh(H, out=H)
        V, R, F = solve_output(H, labels, V, ridge)
        J = (np.vdot(R, R) / S + hidden_ridge * np.vdot(W[:-1], W[:-1]) + ridge * np.vdot(V[:-1], V[:-1])) / 2
        if iteration:
            gain = (objective - J) / model
            damping = damping * 4 if J > objective else damping / 2 if gain > 0.75 else damping * 2 if gain < 0.25 else damping
        if J <= objective:
            objective, accepted = J, (W, V)
            if iteration == iterations:
                break
            rows = np.flatnonzero((R != 0).any(1))
            Xa, Ra = X[rows], R[rows]
            Ha = H[rows]
            D = 1 - Ha ** 2
            E = Ra @ V[:-1].T
            E *= D
            C = np.asarray(syrk(D))
            C = (C + np.tril(C, -1).T) / len(rows) * ((V[:-1] * ((R != 0).mean(0))) @ V[:-1].T)
            g = transposed_product(Xa, E) / S
            g[:-1] -= hidden_ridge * W[:-1]
            root = np.sqrt(damping)
            M = solve(factor(G0 / S, root * mean_square, root), g)
            C[np.diag_indices(hidden)] += root * np.trace(C) / hidden
            change = solve(scipy.linalg.cho_factor(C, lower=True, check_finite=False), M.T).T
            directions = [change] if moved is None else [change, moved]
            dZ = [((product(Xa, Delta) * D) @ V[:-1]) * (Ra != 0) for Delta in directions]
            B = [transposed_product(Ha, z) for z in dZ]
            P = [solve(F, b) for b in B]
            k = len(directions)
            slope = np.array([np.vdot(Ra, z) / S - hidden_ridge * np.vdot(W[:-1], m[:-1]) for z, m in zip(dZ, directions)])
            Q = np.array([[(np.vdot(dZ[i], dZ[j]) - np.vdot(B[i], P[j])) / S
                           + hidden_ridge * np.vdot(directions[i][:-1], directions[j][:-1]) for j in range(k)] for i in range(k)])
            a = 1.75 * np.linalg.solve(Q, slope)
            moved = sum(x * m for x, m in zip(a.astype(dtype), directions))
            model = a @ slope - a @ Q @ a / 2
        else:
            if iteration == iterations:
                break
            moved = moved * dtype.type(0.25)
        W, V = accepted[0] + moved, accepted[1].copy()
    return accepted


def predict(X, W, V):
    H = product(X, W)
    np.tanh(H, out=H)
    return product(H, V)


def ridge_regression(A, B, ridge):
    G = np.asarray(syrk(A))
    G[np.diag_indices(len(G))] += ridge * len(A)
    return scipy.linalg.cho_solve(scipy.linalg.cho_factor(G, lower=True, check_finite=False), A.T @ B, check_finite=False)


def prepare(args):
    """A function of the seed for the task, which returns weights where it trains, and one that finds their accuracy."""
    dtype = np.dtype(args.precision)
    rng = np.random.default_rng(0)

    def uniform(*shape):
        return rng.uniform(-1, 1, shape).astype(dtype)

    if args.task in ('lstsq', 'ridge'):
        A, B = uniform(20000, 500), uniform(20000, 10)
        if args.task == 'lstsq':
            return lambda seed: scipy.linalg.lstsq(A, B, lapack_driver='gelsd', check_finite=False), None
        return lambda seed: ridge_regression(A, B, 1e-3), None

    X, labels, X_test, labels_test = load(args.folder, dtype)
    if args.task == 'predict':
        W, V = uniform(X.shape[1] + 1, args.hidden), uniform(args.hidden + 1, 10)
        return lambda seed: predict(X_test, W, V).argmax(1), None

    def accuracy(weights):
        return float((predict(X_test, *weights).argmax(1) == labels_test).mean())

    if args.task == 'random':
        return lambda seed: random_features(X, labels, args.hidden, args.ridge[1], np.random.default_rng(seed)), accuracy
    return lambda seed: train(X, labels, args.hidden, args.iterations, args.ridge, np.random.default_rng(seed)), accuracy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('task', choices=['random', 'train', 'predict', 'lstsq', 'ridge'])
    parser.add_argument('--folder')
    parser.add_argument('--precision', default='float32')
    parser.add_argument('--hidden', type=int, default=1000)
    parser.add_argument('--iterations', type=int, default=8)
    parser.add_argument('--ridge', type=float, nargs=2, default=(1e-4, 2e-4), help='hidden and output layer; about what the search of bpls finds for MNIST and Fashion-MNIST')
    args = parser.parse_args()
    run, accuracy = prepare(args)
    print(json.dumps({'numpy': np.__version__, 'scipy': scipy.__version__, **openblas()}), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        found = run(int(line))
        result = {'seconds': time.perf_counter() - started}
        if accuracy:
            result['accuracy'] = accuracy(found)
        print(json.dumps(result), flush=True)


if __name__ == '__main__':
    main()
