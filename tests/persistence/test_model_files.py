"""Model files: whole or not at all, and never trusted before they are checked."""

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from layerwise.errors import InputError
from layerwise.persistence import MODEL_ARRAYS, MODEL_DOCUMENT, read_model, write_atomically, write_model

ARRAYS = {"W1": np.arange(6, dtype=np.float32).reshape(2, 3), "b1": np.zeros((2, 1), dtype=np.float32)}


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    write_model(folder, {"estimator": "Something", "text": "é"}, ARRAYS)
    return folder


def test_what_is_written_is_read_back(model):
    document, arrays = read_model(model)
    assert document["text"] == "é"
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_either_file_names_the_model(model):
    for name in (MODEL_ARRAYS, MODEL_DOCUMENT):
        assert read_model(model / name)[0]["estimator"] == "Something"


def test_the_arrays_are_plain_safetensors_that_anybody_can_read(model):
    np.testing.assert_array_equal(load_file(model / MODEL_ARRAYS)["W1"], ARRAYS["W1"])


def test_a_transposed_array_is_stored_as_it_reads_not_as_it_lies(tmp_path):
    array = np.arange(6.0).reshape(2, 3).T
    write_model(tmp_path, {}, {"W": array})
    np.testing.assert_array_equal(read_model(tmp_path)[1]["W"], array)


@pytest.mark.parametrize("name", [MODEL_ARRAYS, MODEL_DOCUMENT])
def test_a_missing_file_is_named(model, name):
    (model / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        read_model(model)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        read_model(tmp_path / "nowhere")


def test_a_misspelt_folder_is_answered_with_the_nearest_of_a_few(tmp_path):
    with pytest.raises(InputError, match="`layerwise train` makes one"):
        read_model(tmp_path / "cancer")
    for number in range(30):
        write_model(tmp_path / f"moons-{number}", {}, ARRAYS)
    write_model(tmp_path / "cancer-1", {}, ARRAYS)
    (tmp_path / "cancers").mkdir()
    with pytest.raises(InputError, match=r"no such folder; did you mean '.*cancer-1'\?"):
        read_model(tmp_path / "cancer")
    with pytest.raises(InputError) as refused:
        read_model(Path("elsewhere", "entirely"))
    assert str(refused.value).endswith("no such folder; `layerwise train` makes one")
    with pytest.raises(InputError) as refused:
        read_model(tmp_path / ("x" * 200))
    assert str(refused.value).count("moons-") <= 8


def test_a_newer_format_says_how_to_read_it(model):
    document = json.loads((model / MODEL_DOCUMENT).read_text())
    (model / MODEL_DOCUMENT).write_text(json.dumps(document | {"format_version": 99}))
    with pytest.raises(InputError, match=r"format version 99.*pip install --upgrade layerwise"):
        read_model(model)


def test_another_programs_json_is_not_taken_for_a_model(model):
    (model / MODEL_DOCUMENT).write_text('{"format": "pt"}')
    with pytest.raises(InputError, match="not a layerwise model"):
        read_model(model)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_or_lost_byte_of_the_arrays_is_noticed(model, data):
    whole = (model / MODEL_ARRAYS).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        broken = whole[:at]
    else:
        broken = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    (model / MODEL_ARRAYS).write_bytes(broken)
    try:
        with pytest.raises(InputError, match="damaged"):
            read_model(model)
    finally:
        (model / MODEL_ARRAYS).write_bytes(whole)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 10_000))
def test_a_truncated_document_is_noticed(model, length):
    whole = (model / MODEL_DOCUMENT).read_bytes()
    (model / MODEL_DOCUMENT).write_bytes(whole[: min(length, len(whole) - 3)])
    try:
        with pytest.raises(InputError, match="damaged"):
            read_model(model)
    finally:
        (model / MODEL_DOCUMENT).write_bytes(whole)


def test_numbers_that_json_does_not_know_are_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_model(tmp_path, {"x": float("nan")}, ARRAYS)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "file"
    write_atomically(target, "old")

    def fails(path):
        path.write_text("half of the n")
        raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="No space left on device"):
        write_atomically(target, fails)
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_written_file_has_the_permissions_that_any_new_file_has(tmp_path):
    write_atomically(tmp_path / "ours", "x")
    (tmp_path / "plain").write_text("x")
    ours, plain = ((tmp_path / name).stat().st_mode for name in ("ours", "plain"))
    assert stat.S_IMODE(ours) == stat.S_IMODE(plain)


def test_a_folder_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make the folder"):
        write_model(tmp_path / "file" / "model", {}, ARRAYS)
