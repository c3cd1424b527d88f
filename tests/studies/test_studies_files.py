"""What a study writes, and what it reads."""

from __future__ import annotations

import dataclasses
import json
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import io

from layerwise.errors import InputError
from layerwise.studies import study
from layerwise.studies.course_files import read_football, read_pictures
from layerwise.studies.plane_studies import INITIALIZATION
from layerwise.studies.repeats import repeat_study
from layerwise.studies.request import plan_calls
from layerwise.studies.tuning import tune_study
from layerwise.studies.written import write_study


@pytest.fixture(scope="module")
def everything(initialization):
    """The study with a few seeds and rates too, on short runs."""
    quick = [arm.but(epochs=300) for arm in INITIALIZATION.arms]
    repeats = repeat_study(INITIALIZATION, 5, jobs=1, arms=quick)
    tuned = tune_study(INITIALIZATION, jobs=1, rates=(0.01, 0.1), arms=quick)
    return dataclasses.replace(initialization, repeats=repeats, tuned=tuned)


def test_results_hold_a_row_for_each_model_with_its_cost_curve(initialization, tmp_path):
    write_study(initialization, tmp_path / "study")
    document = json.loads((tmp_path / "study" / "results.json").read_text(encoding="utf-8"))
    zeros, _, he = document["rows"]
    assert {"model", "train_accuracy", "test_accuracy", "comment", "cost"} <= set(he)
    assert zeros["comment"] == "fails to break symmetry"
    assert zeros["findings"][0]["evidence"]["unit_spread"] == 0
    assert he["cost"][140] == [14000, pytest.approx(0.07357895962677, abs=1e-12)]
    assert he["test_accuracy"] == 0.96


def test_every_picture_is_a_file_of_its_own(initialization, optimization, gradient_checking, tmp_path):
    for outcome in (initialization, optimization, gradient_checking):
        write_study(outcome, tmp_path / outcome.name)
    names = {path.name for path in (tmp_path / "initialization" / "pictures").iterdir()}
    arms = ("zeros", "large", "he")
    assert names == {"cost.svg", *(f"{kind}-{arm}.svg" for kind in ("boundary", "inside") for arm in arms)}
    assert [path.name for path in (tmp_path / "gradient-checking" / "pictures").iterdir()] == ["epsilons.svg"]
    for path in tmp_path.glob("*/pictures/*.svg"):
        text = path.read_text(encoding="utf-8")
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(--" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_holds_everything_and_loads_nothing(everything, language, tmp_path):
    page = write_study(everything, tmp_path, language).read_text(encoding="utf-8")
    assert f'<html lang="{ {"en": "en", "zh": "zh-CN"}[language] }">' in page
    assert "99.33%" in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert page.count("<svg ") == 1 + 3 + 3 + 2
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for row in everything.rows:
        for finding in row.findings:
            assert finding.words(language).replace("'", "&#39;") in page
    assert ("Beyond one seed" in page) == (language == "en")
    said = {"en": "the first table of this page is in double.", "zh": "本页第一张表用双精度。"}[language]
    assert page.count(said) == 2


def test_the_same_study_gives_the_same_page(initialization, tmp_path):
    first, second = (write_study(initialization, tmp_path / name).read_bytes() for name in "ab")
    assert first == second


def test_a_folder_that_cannot_be_made_is_refused(initialization, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        write_study(initialization, tmp_path / "file" / "under")


def football(path, **changes):
    arrays = {"X": np.zeros((4, 2)), "y": [[0], [1], [0], [1]], "Xval": np.zeros((1, 2)), "yval": [[1]]}
    io.savemat(path, {k: v for k, v in {**arrays, **changes}.items() if v is not None})
    return str(path)


def test_the_football_file_may_be_named_or_its_folder(tmp_path):
    path = football(tmp_path / "data.mat")
    assert read_football(path).X.shape == read_football(str(tmp_path)).X.shape == (4, 2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Xval": None}, "has no Xval; it holds X, y, yval"),
        ({"y": [[0], [1], [2], [1]]}, "a label of 0 or 1 for each"),
        ({"y": [[0], [1]]}, "4 examples and 2 labels"),
        ({"Xval": np.zeros((1, 3))}, "2 inputs to train and 3 to test"),
    ],
)
def test_a_football_file_that_is_not_the_courses_is_refused(changes, says, tmp_path):
    with pytest.raises(InputError, match=says):
        read_football(football(tmp_path / "data.mat", **changes))


def test_what_is_no_matlab_file_is_refused(tmp_path):
    (tmp_path / "data.mat").write_text("x,y\n1,2\n")
    with pytest.raises(InputError, match="cannot be read as a MATLAB file"):
        read_football(str(tmp_path))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*data\.mat"):
        read_football(str(tmp_path))
    pytest.importorskip("h5py")
    with pytest.raises(InputError, match=r"there is no file .*train_catvnoncat\.h5"):
        read_pictures(str(tmp_path))


def test_what_is_no_hdf5_file_is_refused(tmp_path):
    pytest.importorskip("h5py")
    (tmp_path / "train_catvnoncat.h5").write_text("cats")
    with pytest.raises(InputError, match="expected an HDF5 file with train_set_x"):
        read_pictures(str(tmp_path / "train_catvnoncat.h5"))


def test_all_takes_from_a_folder_what_is_there(tmp_path):
    football(tmp_path / "data.mat")
    calls = {call.name: call for call in plan_calls("all", str(tmp_path), 3, True, "en", 1, None)}
    assert list(calls) == [
        *("building", "initialization", "regularization", "gradient-checking", "optimization", "claims")
    ]
    assert calls["regularization"].data == str(tmp_path / "data.mat")
    assert calls["building"].data is None
    assert calls["initialization"].seeds == 3
    assert (calls["gradient-checking"].seeds, calls["gradient-checking"].tune) == (0, False)


def test_the_watcher_hears_of_every_model():
    told = {}
    study("initialization", watch=lambda what, share: told.setdefault(what, []).append(share))
    assert list(told) == [arm.model for arm in INITIALIZATION.arms]
    for shares in told.values():
        assert shares == sorted(shares)
        assert shares[-1] == 1
