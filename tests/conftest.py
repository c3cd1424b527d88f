"""What every test gets: a folder of its own, settled surroundings, and the shared data where present."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import hypothesis
import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def _caches() -> Path:
    """A folder outside the repository for compiled code and font lists, kept from one test run to the next.

    Code compiled from older sources does no harm there: the engine names it by a digest of its sources.
    """
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    return Path(tempfile.gettempdir()) / f"layerwise-tests-{user}"


def _settle_the_environment() -> None:
    """Before anything heavy is imported: the same surroundings for every test, on every machine."""
    os.environ.setdefault("MPLCONFIGDIR", str(_caches() / "matplotlib"))
    os.environ.setdefault("NUMBA_CACHE_DIR", str(_caches() / "numba"))
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(_caches() / "hypothesis"))
    os.environ["MPLBACKEND"] = "Agg"
    for colours_or_width in (
        "FORCE_COLOR",
        "PY_COLORS",
        "GITHUB_ACTIONS",
        "NO_COLOR",
        "COLUMNS",
        "LINES",
        "TERMINAL_WIDTH",
    ):
        os.environ.pop(colours_or_width, None)
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Several test processes share the cores: one BLAS thread each is faster than all of them everywhere.
        for library in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
            os.environ.setdefault(library, "1")


_settle_the_environment()

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True, database=None)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000, database=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real tables that lies beside the checkout, or where LAYERWISE_SHARED points."""
    folder = Path(os.environ.get("LAYERWISE_SHARED") or REPOSITORY.parent / "shared").expanduser().resolve()
    if not folder.is_dir():
        pytest.skip(f"no shared data: {folder} is not a folder (LAYERWISE_SHARED names another place)")
    return folder


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that writes to a relative path, such as runs/, writes into a folder of its own."""
    monkeypatch.chdir(tmp_path)
