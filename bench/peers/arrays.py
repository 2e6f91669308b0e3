"""Arrays as Node writes them: float64, row-major, one file each, as bench/arrays.ts leaves them."""
import os

import numpy as np


def load_arrays(args):
    """(X, Y, X_test, Y_test); Y is of integer labels where there are no `outputs`."""
    def read(name, columns):
        values = np.fromfile(os.path.join(args.folder, name), np.float64)
        return values.reshape(-1, columns).astype(args.precision) if columns else values.astype(np.int64)

    return tuple(read(kind + part, columns) for part in ('', '_test') for kind, columns in (('X', args.columns), ('Y', args.outputs)))
