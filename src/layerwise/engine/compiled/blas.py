"""Where SciPy's routines of BLAS lie in memory."""

from __future__ import annotations

import ctypes

_ROUTINES = {"float32": "sgemm", "float64": "dgemm"}


def blas_routine(real: str) -> int:
    """The address of the product of matrices of one precision."""
    from scipy.linalg import cython_blas

    capsule = cython_blas.__pyx_capi__[_ROUTINES[real]]
    python = ctypes.pythonapi
    name = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", python))
    pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", python)
    )
    return pointer(capsule, name(capsule)) or 0
