"""Twenty real tables, read as they come, against what is known of them."""

import json

import numpy as np
import pytest

from layerwise.tables import Kind, TableEncoder, prepare_target, profile_table, read_table, split_rows

NAMES = [
    "abalone",
    "adult",
    "auto_imports",
    "churn",
    "concrete",
    "diamonds",
    "glass",
    "horse_colic",
    "insurance",
    "letter",
    "life_expectancy",
    "mammography",
    "mushrooms",
    "orange_juice",
    "phoneme",
    "pima",
    "sonar",
    "vehicle",
    "wage",
    "winequality",
]


@pytest.fixture(scope="session")
def manifest(shared):
    path = shared / "data" / "tables" / "manifest.json"
    if not path.is_file():
        pytest.skip(f"no shared tables: {path} does not exist")
    return json.loads(path.read_text())


def table(shared, about):
    return read_table(shared / "data" / "tables" / about["file"])


def test_the_names_here_are_those_of_the_manifest(manifest):
    assert sorted(manifest) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_real_table_goes_all_the_way_to_finite_numbers(shared, manifest, name):
    about = manifest[name]
    frame = table(shared, about)
    assert frame.shape == (about["rows"], about["columns"] + 1)

    target, keep, _ = prepare_target(frame, about["target"])
    assert target.task == about["task"]
    assert about["classes"] == (len(target.labels) if target.labels else None)
    assert keep.all()

    profile = profile_table(frame, about["target"])
    assert sum(column.missing for column in profile.columns) == about["missing"]
    assert [notice for notice in profile.notices if notice.code == "leak"] == []

    y = target.encode(frame[about["target"]])
    split = split_rows(frame.height, y=y, task=target.task)
    encoder = TableEncoder.fit(frame[split.train], profile)
    X = encoder.transform(frame)
    assert np.isfinite(X).all()
    assert X.shape[1] <= 200
    loaded = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert loaded.transform(frame).tobytes() == X.tobytes()


def test_the_identifiers_of_churn_are_left_out_and_its_surnames_noticed(shared, manifest):
    profile = profile_table(table(shared, manifest["churn"]), "Exited")
    identifiers = [column.name for column in profile.columns if column.kind == Kind.IDENTIFIER]
    assert identifiers == ["RowNumber", "CustomerId"]
    assert not any(profile[name].used for name in identifiers)
    (surname,) = (notice for notice in profile.notices if notice.column == "Surname")
    assert "2,932 different values" in surname.message


def test_no_other_real_table_has_a_column_taken_for_an_identifier(shared, manifest):
    for name, about in manifest.items():
        if name != "churn":
            profile = profile_table(table(shared, about), about["target"], look_for_leaks=False)
            assert [column.name for column in profile.columns if column.kind == Kind.IDENTIFIER] == []
