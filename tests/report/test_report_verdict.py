import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.evaluation import Importance
from layerwise.report import ReportContents, numbers
from layerwise.report.tables import importance_bars, metric_cards, settings
from layerwise.report.verdict import ending, verdict


def told(task="binary", **given):
    found = verdict(ReportContents(**({"title": "t", "task": task, "target": "sold"} | given)))
    return found.headline, " ".join(found.details)


def test_the_verdict_says_how_often_it_is_right_on_rows_it_had_never_seen():
    headline, details = told(
        rows={"test": 114},
        metrics={"test": {"accuracy": 0.97368}, "train": {"accuracy": 0.98}},
        intervals={"test": {"accuracy": (0.925, 0.991)}},
        baseline={"accuracy": 0.623},
        baseline_label="benign",
    )
    assert headline == (
        "On 114 rows it had never seen, the network was right 97.4% of the time "
        "(95% interval 92.5% to 99.1%)."
    )
    assert "Always answering “benign” would be right 62.3% of the time." in details
    assert "about as well on new rows" in details


@pytest.mark.parametrize(
    ("accuracy", "low", "words"),
    [(0.70, 0.6, "adds nothing"), (0.76, 0.70, "may be luck"), (0.9, 0.85, "right 75.0% of the time.")],
)
def test_a_network_that_is_not_better_than_the_most_frequent_answer_is_called_so(accuracy, low, words):
    _, details = told(
        metrics={"test": {"accuracy": accuracy}},
        intervals={"test": {"accuracy": (low, 0.99)}},
        baseline={"accuracy": 0.75},
    )
    assert words in details


def test_rows_that_chose_the_epoch_are_not_called_new():
    headline, _ = told(
        scored_split="validation", rows={"validation": 91}, metrics={"validation": {"accuracy": 0.9}}
    )
    assert "91 rows that were not trained on but did choose the best epoch" in headline


def test_training_rows_are_not_called_new():
    headline, details = told(scored_split="train", rows={"train": 1}, metrics={"train": {"accuracy": 0.9}})
    assert "the 1 row it was trained on" in headline
    assert "expect less on new ones" in details


def test_memorising_is_named():
    _, details = told(
        metrics={"test": {"accuracy": 0.8}, "train": {"accuracy": 0.999}},
        intervals={"test": {"accuracy": (0.75, 0.85)}},
    )
    assert "holds for those rows only" in details


def test_a_gap_too_small_to_matter_is_not_called_memorising():
    _, details = told(
        "regression",
        metrics={"test": {"r2": 0.978, "mae": 1.0}, "train": {"r2": 0.981}},
        intervals={"test": {"r2": (0.976, 0.980)}},
    )
    assert "about as well on new rows" in details


def test_weakness_on_rare_classes_is_named():
    _, details = told(metrics={"test": {"accuracy": 0.99, "balanced_accuracy": 0.6}})
    assert "every class the same, it is right 60.0%" in details


def test_a_regression_is_told_in_variation_and_in_units():
    headline, details = told(
        "regression",
        rows={"test": 89},
        metrics={"test": {"r2": 0.342, "mae": 44.49}},
        intervals={"test": {"r2": (-0.1, 0.528)}},
        baseline={"mae": 62.08},
    )
    assert "explains 34.2% of the variation in “sold” (95% interval 0% to 52.8%)" in headline
    assert "off by 44.5 on average; always answering the training rows’ mean would be off by 62.1" in details
    assert "may be luck" in details


def test_a_regression_below_the_mean_is_called_so():
    assert "no better than always answering the mean" in told("regression", metrics={"test": {"r2": -0.2}})[0]


def test_a_regression_without_r2_is_told_in_units():
    assert "off by 3.00 on average" in told("regression", metrics={"test": {"mae": 3.0}})[0]


@pytest.mark.parametrize("metrics", [{}, {"test": {"accuracy": float("nan")}}])
def test_without_a_score_the_verdict_says_so(metrics):
    assert told(metrics=metrics)[0] == "The network was trained to predict “sold”, but not scored."


@given(st.floats(0, 1))
def test_a_percentage_never_claims_more_certainty_than_there_is(share):
    text = numbers.percent(share)
    assert (text in ("100%", "100.0%")) == (share == 1)
    assert (text in ("0%", "0.0%")) == (share == 0)
    if text[0] not in "<>":
        assert float(text[:-1]) == pytest.approx(100 * share, abs=0.0500001)


@given(st.floats(-1e300, 1e300))
def test_a_number_can_be_read_back_to_four_digits(value):
    text = numbers.number(value).replace(",", "").replace("−", "-")
    if "10" in text and any(sign in text for sign in "⁰¹²³⁴⁵⁶⁷⁸⁹"):
        mantissa, _, raised = text.rpartition("10")
        power = raised.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
        read = float({"": "1", "-": "-1"}.get(mantissa, mantissa.rstrip("×")) + "e" + power)
    else:
        read = float(text)
    assert read == pytest.approx(value, rel=5.01e-4, abs=0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (54.2312, "54.23"),
        (-0.5, "−0.5"),
        (1e-6, "10⁻⁶"),
        (-2.5e-7, "−2.5×10⁻⁷"),
    ],
)
def test_numbers_are_written_as_people_write_them(value, text):
    assert numbers.number(value) == text


@pytest.mark.parametrize("absent", [None, float("nan"), float("inf")])
def test_what_is_no_number_is_a_dash(absent):
    assert numbers.number(absent) == numbers.percent(absent) == numbers.duration(absent) == "–"
    assert numbers.metric("r2", absent) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.42 s"), (3.21, "3.2 s"), (125, "2 min 5 s"), (3840, "1 h 4 min")]
)
def test_durations_are_short(seconds, text):
    assert numbers.duration(seconds) == text


@given(st.text(max_size=80), st.integers(4, 40))
def test_an_elided_text_fits_and_keeps_both_ends(text, length):
    short = numbers.elided(text, length)
    assert len(short) <= length
    plain = " ".join(text.split())
    assert short == plain or (short[0] == plain[0] and short[-1] == plain[-1] and "…" in short)


@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.one_of(st.floats(0, 1e5), st.just(float("nan")))),
        min_size=1,
        max_size=30,
    )
)
def test_importance_bars_stay_inside_their_track(drops):
    importance = [Importance(f"c{i}", mean, std) for i, (mean, std) in enumerate(drops)]
    bars = importance_bars(ReportContents(title="t", task="binary", target="y", importance=importance))
    assert len(bars) == min(len(drops), 15)
    for bar in bars:
        for start, length in ((bar.start, bar.length), (bar.whisker_start, bar.whisker_length)):
            assert start >= -0.011
            assert length >= 0
            assert start + length <= 100.021


def test_a_card_stands_for_each_metric_that_is_there():
    contents = ReportContents(
        title="t",
        task="binary",
        target="y",
        metrics={"test": {"accuracy": 0.9, "roc_auc": float("nan"), "log_loss": 0.30012}},
        intervals={"test": {"accuracy": (0.8, 0.95)}},
        baseline={"accuracy": 0.5},
    )
    cards = metric_cards(contents)
    assert [(card.name, card.value, card.interval, card.baseline) for card in cards] == [
        ("Accuracy", "90.0%", "80.0% to 95.0%", "most frequent answer: 50.0%"),
        ("Log loss", "0.300", "", ""),
    ]


def test_settings_are_written_for_people():
    recipe = {
        "batch_size": 64,
        "dropout": None,
        "shuffle": True,
        "hidden": [64, 32],
        "l2": 1e-05,
        "decay": {"to": 0.1},
    }
    assert [value for _, value in settings(recipe)] == ["64", "–", "yes", "64, 32", "1e-05", "to = 0.1"]


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("", ""),
        ("all 30 epochs were done", "Training ended: all 30 epochs were done."),
        ("Stopped by hand.", "Stopped by hand."),
    ],
)
def test_the_reason_for_the_end_becomes_a_sentence(reason, sentence):
    assert ending(reason) == sentence


def test_a_metric_near_zero_has_no_sign():
    assert numbers.metric("r2", -0.0001) == "0.000"
    assert numbers.metric("r2", -0.02) == "−0.020"
    assert numbers.metric("roc_auc", 0.9999) == ">0.999"
