"""Figures that were made before, found again by a digest of all that they are made from.

Belongs here: telling whether the same figures were made already. What does not: where earlier ones are stored, and how
figures are made. Nearly all regressions and resamples of a build are those of the build before, on the same numbers:
so the libraries, which take a fraction of a millisecond for each, are asked for the new ones alone.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

DIGEST = "inputs_digest"
_making = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Thousands of short calls of libraries, in one thread of this process at a time and on one of BLAS.

    Two threads of dbt that make figures at once hand the interpreter to and fro and take longer than one after the
    other; threads of BLAS for matrices this small only spin.
    """
    with _making, threadpool_limits(1, user_api="blas"):
        yield


class KeptFigures:
    """A function of arrays that is called once for the same arrays, also by a later process.

    `make` takes arrays and gives one number for each of `names`. `earlier` holds figures that it gave, in columns
    `names` and DIGEST. The digest covers the source file of `make` and the versions of numpy and of `libraries`, so
    what other code made is made anew.
    """

    def __init__(
        self,
        make: Callable[..., Sequence[float]],
        names: Sequence[str],
        libraries: Sequence[str],
        earlier: pd.DataFrame | None,
    ) -> None:
        self._make = make
        self._code = blake2b(Path(make.__code__.co_filename).read_bytes(), digest_size=16)
        for library in ("numpy", *libraries):
            self._code.update(f"{library} {version(library)}\n".encode())
        known = pd.DataFrame(columns=[DIGEST, *names]) if earlier is None else earlier.dropna(subset=DIGEST)
        self._figures = dict(zip(known[DIGEST], known[list(names)].to_numpy(dtype=np.float64), strict=True))

    def __call__(self, *arrays: NDArray[Any]) -> tuple[str, NDArray[np.float64]]:
        """Digest and figures, shape (names,), of the arrays."""
        digest = self._code.copy()
        for array in arrays:
            digest.update(f"{array.dtype} {array.shape}\n".encode())
            digest.update(np.ascontiguousarray(array).data)
        key = digest.hexdigest()
        if key not in self._figures:
            self._figures[key] = np.array(self._make(*arrays), dtype=np.float64)
        return key, self._figures[key]
