"""The OpenBLAS that this process has loaded, by its own words."""
import ctypes


def openblas():
    with open('/proc/self/maps') as maps:
        paths = {line.split()[-1] for line in maps if 'blas' in line and 'dist-packages' not in line}
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        if hasattr(library, 'openblas_get_config'):
            library.openblas_get_config.restype = ctypes.c_char_p
            return {'blas': library.openblas_get_config().decode()}
    return {}
