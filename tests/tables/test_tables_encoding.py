import datetime
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, RobustScaler, StandardScaler

from layerwise.errors import InputError
from layerwise.tables import TableEncoder, novelty_notices, profile_table, read_batches, read_table

DRAW = np.random.default_rng(0)
N = 400
DAY = datetime.datetime(2023, 11, 5, 7)


def mixed(n=N, seed=0):
    draw = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "income": np.where(draw.random(n) < 0.1, np.nan, draw.lognormal(10, 1, n)),
            "rooms": draw.integers(1, 9, n),
            "member": draw.choice(["yes", "no"], n),
            "sex": draw.choice(["female", "male"], n),
            "city": [None if k % 17 == 0 else f"city {min(k % 40, 11)}" for k in range(n)],
            "joined": [DAY + datetime.timedelta(hours=int(h)) for h in draw.integers(0, 20_000, n)],
        }
    )


def encoder_of(frame, **options):
    return TableEncoder.fit(frame, profile_table(frame), **options)


def column(values):
    return pl.DataFrame({"x": values})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mixed_table_becomes_finite_contiguous_features(dtype):
    frame = mixed()
    encoder = encoder_of(frame)
    X = encoder.transform(frame, dtype=dtype)
    assert X.dtype == dtype
    assert X.shape == (N, len(encoder.feature_names)) == (N, len(encoder.feature_columns))
    assert X.flags.c_contiguous
    assert np.isfinite(X).all()
    assert encoder.columns == tuple(frame.columns)
    assert set(encoder.feature_columns) == set(frame.columns)
    assert len(set(encoder.feature_names)) == len(encoder.feature_names)


numbers = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=2, max_size=60, unique=True).filter(
    lambda values: max(values) - min(values) > 1e-3
)


@pytest.mark.parametrize(("scaling", "reference"), [("standard", StandardScaler), ("minmax", MinMaxScaler)])
@given(values=numbers)
def test_scaling_agrees_with_scikit_learn(scaling, reference, values):
    values = [*values, 0.5]
    frame = column(values)
    X = encoder_of(frame, scaling=scaling).transform(frame, dtype=np.float64)
    np.testing.assert_allclose(X, reference().fit_transform(np.array(values)[:, None]), atol=1e-9, rtol=1e-9)


@given(values=numbers)
def test_robust_scaling_is_scikit_learns_followed_by_realmlps_smooth_clip(values):
    values = [*values, 0.5]
    robust = RobustScaler().fit(np.array(values)[:, None])
    quartiles = np.quantile(values, [0.25, 0.75])
    if np.ptp(quartiles) < 1e-6:
        return
    z = robust.transform(np.array(values)[:, None])
    X = encoder_of(column(values)).transform(column(values), dtype=np.float64)
    np.testing.assert_allclose(X, z / np.sqrt(1 + (z / 3) ** 2), atol=1e-9, rtol=1e-9)


def test_where_the_quartiles_meet_the_range_becomes_two():
    values = [0.0] * 90 + [5.5] * 9 + [10.0]
    X = encoder_of(column(values)).transform(column(values), dtype=np.float64)
    z = 2 * np.array(values) / 10
    np.testing.assert_allclose(X[:, 0], z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12)


def test_no_scaling_leaves_numbers_as_they_are():
    values = DRAW.normal(size=N) * 1000
    X = encoder_of(column(values), scaling="none").transform(column(values), dtype=np.float64)
    np.testing.assert_array_equal(X[:, 0], values)


@pytest.mark.parametrize("scaling", ["robust", "standard", "minmax", "none"])
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=30, unique=True)
)
def test_any_finite_numbers_become_finite_features(scaling, values):
    values = [*values, 0.25]
    frame = column(values)
    encoder = encoder_of(frame, scaling=scaling)
    for dtype in (np.float32, np.float64):
        assert np.isfinite(encoder.transform(frame, dtype=dtype)).all()
        assert np.isfinite(encoder.transform(column([1.7e308, -1.7e308, 0.0]), dtype=dtype)).all()


def test_statistics_come_from_the_training_rows_alone():
    frame = mixed()
    train = frame.head(200)
    profile = profile_table(frame)
    wild = pl.concat([train, frame.tail(200).with_columns(income=pl.lit(1e9))])
    assert TableEncoder.fit(wild.head(200), profile) == TableEncoder.fit(train, profile)


def test_a_missing_number_is_the_median_and_says_so():
    values = [1.5, 2.5, None, 10.5, 3.5, float("nan")]
    encoder = encoder_of(column(values), scaling="none")
    assert encoder.feature_names == ("x", "x (missing)")
    X = encoder.transform(column(values))
    assert X.tolist() == [[1.5, 0], [2.5, 0], [3.0, 1], [10.5, 0], [3.5, 0], [3.0, 1]]


def test_a_new_missing_number_is_the_median_and_is_told():
    encoder = encoder_of(column([1.5, 2.5, 4.5]), scaling="none")
    X, novelties = encoder.transform_and_tell(column([None, 1.5]))
    assert X.tolist() == [[2.5], [1.5]]
    (notice,) = novelty_notices(novelties, 2)
    assert "missing in 1 row of 2" in notice.message


def test_booleans_are_0_1_and_one_half_where_missing():
    encoder = encoder_of(column(["yes", "no", None]))
    assert encoder.feature_names == ("x", "x (missing)")
    expected = [[1, 0], [0, 0], [0.5, 1]]
    for same in (["Yes", "no", ""], [True, False, None], [1, 0, None]):
        assert encoder.transform(column(same)).tolist() == expected
    X, novelties = encoder.transform_and_tell(column(["perhaps", "no", "yes"]))
    assert X[0].tolist() == [0.5, 1]
    assert (novelties[0].what, novelties[0].count, novelties[0].example) == ("unseen", 1, "perhaps")


@given(st.lists(st.sampled_from(["a", "b", "c", "d é"]), min_size=4, max_size=50))
def test_categories_agree_with_scikit_learns_one_hot_encoder(values):
    values = [*values, "a", "b", "c"]
    frame = pl.DataFrame({"x": values, "n": DRAW.normal(size=len(values))})
    encoder = TableEncoder.fit(frame, profile_table(frame, only=["x"]))
    expected = OneHotEncoder(sparse_output=False).fit_transform(np.array(values)[:, None])
    np.testing.assert_array_equal(encoder.transform(frame), expected)


def test_two_levels_are_one_feature():
    encoder = encoder_of(column(["left", "right"] * 5))
    assert encoder.feature_names == ("x = right",)
    assert encoder.transform(column(["left", "right", "up", None])).ravel().tolist() == [0, 1, 0.5, 0.5]


def test_a_missing_category_is_a_level_of_its_own():
    encoder = encoder_of(column(["a", "b", None, "b"]))
    assert encoder.feature_names == ("x = a", "x = b", "x (missing)")
    assert encoder.transform(column(["b", "NA"])).tolist() == [[0, 1, 0], [0, 0, 1]]


def test_rare_levels_share_a_feature_which_new_levels_take():
    values = [f"common {k % 12}" for k in range(960)] + [f"rare {k}" for k in range(40)]
    encoder = encoder_of(column(values))
    assert encoder.feature_names == (*sorted(f"x = common {k}" for k in range(12)), "x (other)")
    X = encoder.transform(column(["rare 3", "never seen", "common 5", None]))
    assert X[:, -1].tolist() == [1, 1, 0, 1]
    assert X.sum(axis=1).tolist() == [1, 1, 1, 1]


def test_the_eight_most_frequent_levels_always_have_a_feature():
    values = [f"level {k}" for k in range(6)] + ["level 0"] * 200
    assert len(encoder_of(column(values)).feature_names) == 6


def test_max_categories_bounds_the_levels():
    values = [f"level {k % 30}" for k in range(900)]
    encoder = encoder_of(column(values), max_categories=5)
    assert len(encoder.feature_names) == 6
    assert encoder.feature_names[-1] == "x (other)"


def test_an_unseen_level_without_an_other_feature_is_all_zeros_and_is_told():
    encoder = encoder_of(column(["a", "b", "c"] * 9))
    X, novelties = encoder.transform_and_tell(column(["z", "a", "z"]))
    assert X[0].tolist() == [0, 0, 0]
    (notice,) = novelty_notices(novelties * 2, 6)
    assert "'x' holds values in 4 rows of 6" in notice.message
    assert "'z'" in notice.message


def test_rare_levels_are_told_only_where_they_are_far_commoner_than_in_training():
    values = [f"common {k % 12}" for k in range(960)] + [f"rare {k}" for k in range(40)]
    encoder = encoder_of(column(values))
    _, usual = encoder.transform_and_tell(column(values))
    assert novelty_notices(usual, len(values)) == ()
    _, strange = encoder.transform_and_tell(column(["new"] * 500 + values[:500]))
    (notice,) = novelty_notices(strange, 1000)
    assert "500 rows of 1,000" in notice.message
    assert "4.0%" in notice.message


def test_dates_give_days_and_the_cycles_that_vary():
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=7 * k) for k in range(30)]
    encoder = encoder_of(column(days), scaling="none")
    assert encoder.feature_names == ("x (days)", "x (month sine)", "x (month cosine)")
    X = encoder.transform(column(days), dtype=np.float64)
    assert X[:, 0].tolist() == [(day - datetime.date(1970, 1, 1)).days for day in days]
    july = next(k for k, day in enumerate(days) if day.month == 7)
    np.testing.assert_allclose(X[july, 1:], [np.sin(np.pi), np.cos(np.pi)], atol=1e-12)


@given(
    st.lists(
        st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2100, 1, 1)), min_size=3, max_size=20
    )
)
def test_the_cycles_are_those_of_pythons_calendar(moments):
    moments = [*moments, datetime.datetime(2024, 1, 1), datetime.datetime(2025, 7, 6, 12, 30)]
    encoder = encoder_of(column(moments), scaling="none")
    X = dict(zip(encoder.feature_names, encoder.transform(column(moments), dtype=np.float64).T, strict=True))
    for part, steps, value in (
        ("month", 12, lambda t: t.month - 1),
        ("weekday", 7, lambda t: t.weekday()),
        ("hour", 24, lambda t: t.hour + t.minute / 60),
    ):
        angle = 2 * np.pi * np.array([value(t) for t in moments]) / steps
        np.testing.assert_allclose(X[f"x ({part} sine)"], np.sin(angle), atol=1e-9)
        np.testing.assert_allclose(X[f"x ({part} cosine)"], np.cos(angle), atol=1e-9)
    assert X["x (year)"].tolist() == [t.year for t in moments]


def test_dates_read_alike_as_text_and_as_dates():
    texts = ["05/01/2024", "29/02/2024", "31/12/2023"]
    encoder = encoder_of(column(texts))
    dates = [datetime.datetime.strptime(text, "%d/%m/%Y") for text in texts]
    np.testing.assert_array_equal(encoder.transform(column(texts)), encoder.transform(column(dates)))


def test_numbers_written_as_text_read_like_numbers():
    frame = column(["1.5", "-", "2.5", " 4"])
    encoder = encoder_of(frame)
    np.testing.assert_array_equal(encoder.transform(frame), encoder.transform(column([1.5, None, 2.5, 4.0])))


def test_columns_may_be_reordered_and_others_among_them():
    frame = mixed()
    encoder = encoder_of(frame)
    shuffled = frame.select(reversed(frame.columns)).with_columns(extra=pl.lit("x"))
    np.testing.assert_array_equal(encoder.transform(shuffled), encoder.transform(frame))


@settings(max_examples=40)
@given(st.lists(st.integers(0, N - 1), min_size=0, max_size=50))
def test_a_row_has_the_same_features_whatever_rows_are_around_it(rows):
    frame = mixed()
    encoder = encoder_of(frame)
    np.testing.assert_array_equal(encoder.transform(frame[rows]), encoder.transform(frame)[rows])


def test_all_missing_columns_are_named_at_once():
    frame = mixed()
    encoder = encoder_of(frame)
    with pytest.raises(InputError, match=r"lacks 2 columns 'rooms' and 'city'.*did you mean 'room'"):
        encoder.transform(frame.rename({"rooms": "room", "city": "town"}))


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"rooms": ["3"] * 5 + ["many"] + ["3"] * (N - 6)}, "'rooms' must hold numbers.*'many' in row 6"),
        ({"income": [1.0] * 7 + [np.inf] * 2 + [1.0] * (N - 9)}, r"'income' holds 2 infinite values .*row 8"),
        ({"joined": ["soon"] * N}, r"'joined' must hold dates.*'soon' in row 1"),
        ({"member": ["blue"] * N}, "'member' held true and false.*'blue' in row 1"),
    ],
)
def test_values_of_the_wrong_kind_name_column_row_and_value(bad, said):
    frame = mixed()
    encoder = encoder_of(frame)
    with pytest.raises(InputError, match=said):
        encoder.transform(frame.with_columns(pl.Series(name, values) for name, values in bad.items()))


@pytest.mark.parametrize("scaling", ["robust", "standard", "minmax", "none"])
def test_storing_and_loading_changes_no_bit(scaling):
    frame = mixed()
    encoder = encoder_of(frame, scaling=scaling)
    loaded = TableEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert loaded == encoder
    other = mixed(seed=1)
    assert (
        loaded.transform(other, dtype=np.float64).tobytes()
        == encoder.transform(other, dtype=np.float64).tobytes()
    )


def paths(data, path=()):
    """Every place in nested plain data."""
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from paths(value, (*path, key))


STORED = encoder_of(mixed()).to_dict()
PLACES = [path for path in paths(STORED) if path]


@pytest.mark.parametrize("wrong", [object, None, "?", -5, [], {}, float("inf"), "remove"])
def test_a_damaged_stored_encoder_is_refused_or_still_sound(wrong):
    frame = mixed()
    refused = 0
    for path in PLACES:
        data = json.loads(json.dumps(STORED))
        place = data
        for key in path[:-1]:
            place = place[key]
        if wrong == "remove":
            del place[path[-1]]
        else:
            place[path[-1]] = wrong
        try:
            encoder = TableEncoder.from_dict(data)
        except InputError as error:
            refused += 1
            if "damaged" not in str(error):
                raise AssertionError(str(error)) from error
        else:
            try:
                assert np.isfinite(encoder.transform(frame)).all()
            except InputError:
                continue
    assert refused > len(PLACES) / 4


def test_a_newer_stored_encoder_says_so():
    with pytest.raises(InputError, match="newer than this layerwise"):
        TableEncoder.from_dict(STORED | {"format": 99})


@pytest.mark.parametrize(
    ("options", "said"),
    [({"scaling": "robst"}, "did you mean 'robust'"), ({"max_categories": 0}, "at least 1")],
)
def test_an_option_out_of_range_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        encoder_of(mixed(), **options)


def test_no_rows_and_no_variation_are_refused():
    frame = mixed()
    profile = profile_table(frame)
    with pytest.raises(InputError, match="no rows"):
        TableEncoder.fit(frame.head(0), profile)
    with pytest.raises(InputError, match="no usable feature"):
        TableEncoder.fit(frame.head(1), profile)
    with pytest.raises(InputError, match="float32 or float64"):
        encoder_of(frame).transform(frame, dtype=np.int32)


def test_a_table_without_rows_gives_no_rows():
    encoder = encoder_of(mixed())
    assert encoder.transform(mixed().head(0)).shape == (0, len(encoder.feature_names))


def test_codes_with_leading_zeros_survive_a_batch_that_looks_like_numbers():
    codes = [f"{k % 20:03d}" for k in range(200)]
    train = pl.DataFrame({"code": codes, "n": DRAW.normal(size=200)})
    encoder = encoder_of(train)
    assert encoder.text_columns == ("code",)
    train.write_csv("t.csv")
    (batch,) = read_batches("t.csv", as_text=encoder.text_columns)
    np.testing.assert_array_equal(encoder.transform(batch), encoder.transform(train))
    assert read_table("t.csv")["code"].dtype == pl.Int64


def test_new_data_is_encoded_batch_by_batch_as_in_one_piece():
    frame = mixed()
    encoder = encoder_of(frame)
    frame.write_csv("t.csv")
    parts = [encoder.transform(batch) for batch in read_batches("t.csv", batch_rows=37)]
    np.testing.assert_array_equal(np.concatenate(parts), encoder.transform(frame))
