"""MNIST and Fashion-MNIST from IDX files, as float arrays in [0, 1]: what bench/data/mnist.ts does."""
import gzip
import os

import numpy as np


def read(path):
    with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as file:
        data = file.read()
    dims = [int.from_bytes(data[4 + 4 * i:8 + 4 * i], 'big') for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(dims)).reshape(dims)


def load(folder, dtype):
    """(X, labels, X_test, labels_test)"""
    files = {name.split('.')[0]: os.path.join(folder, name) for name in os.listdir(folder) if 'ubyte' in name}

    def part(prefix):
        images = read(files[f'{prefix}-images-idx3-ubyte'])
        labels = read(files[f'{prefix}-labels-idx1-ubyte'])
        return (images.reshape(len(images), -1) / 255).astype(dtype), labels.astype(np.int64)

    return *part('train'), *part('t10k')
