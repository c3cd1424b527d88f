"""While a small network is fitted BLAS has one thread, and afterwards as many as before."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits
from trajectories import NETWORKS

from layerwise.engine import fitting_threads
from layerwise.engine.threads import SMALL_STEP

PROGRAM = NETWORKS["relu binary, adam"].program()


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@pytest.fixture(autouse=True)
def two_threads():
    """BLAS with two threads, whatever the machine and the test run give it."""
    with threadpool_limits(limits=2, user_api="blas"):
        if 2 not in blas_threads():
            pytest.skip("no BLAS here that can be given two threads")
        yield


def test_little_work_has_one_thread():
    with fitting_threads(PROGRAM, 64):
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {2}


def test_much_work_has_them_all():
    rows = -(-SMALL_STEP // PROGRAM.architecture.parameter_count)
    with fitting_threads(PROGRAM, rows):
        assert set(blas_threads()) == {2}
    with fitting_threads(PROGRAM, rows - 1):
        assert set(blas_threads()) == {1}


def test_a_fit_that_fails_gives_them_back():
    class Failure(Exception):
        pass

    with pytest.raises(Failure), fitting_threads(PROGRAM, 64):
        raise Failure
    assert set(blas_threads()) == {2}


def test_the_work_of_a_step_is_counted_in_rows_times_parameters():
    wide = PROGRAM.architecture.sizes[0], 2048, 2048, 1
    program = NETWORKS["relu binary, adam"]._replace(sizes=wide).program()
    with fitting_threads(program, 1):
        assert set(blas_threads()) == {2}
