"""Functions compiled to machine code, once per installation. Only modules that workers import may import this."""

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile when first called, release the lock while running, and keep the result beside the source.

    Where that folder may not be written to, numba keeps it in the user's cache folder, and where there is none
    either, it refuses: then each process compiles for itself.
    """
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:
        return njit(nogil=True)(function)
