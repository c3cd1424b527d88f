import re
import threading

import matplotlib
import numpy as np
import polars as pl
import pytest

from layerwise.report import LayerRow, ReportContents, charts
from layerwise.report.charts.learning import column
from layerwise.report.charts.themed_svg import COLOUR, themed_svg


def history_of(**columns):
    return ReportContents(title="t", task="binary", target="y", history=pl.DataFrame(columns))


def svgs(page):
    return re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)


def test_every_colour_of_a_chart_follows_the_theme(pages):
    for name, page in pages.items():
        for svg in svgs(page):
            markup = " ".join(re.findall(r"<[^>]*>", svg))
            style = " ".join(re.findall(r'style="([^"]*)"', markup))
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(|black|white", style), name
            assert set(re.findall(r"var\(--([a-z0-9]+)\)", style)) <= set(COLOUR) | {"font"}


def test_text_of_a_chart_stays_text_in_the_font_of_the_page(pages):
    for svg in svgs(pages["binary"]):
        assert "<text" in svg
        assert "DejaVu" not in svg


def test_drawing_leaves_matplotlib_as_it_was(reports):
    before = dict(matplotlib.rcParams)
    charts.learning_charts(reports["binary"])
    assert dict(matplotlib.rcParams) == before


def test_pages_are_drawn_without_a_warning(rendered):
    assert rendered[1] == []


def test_the_best_epoch_is_marked(reports):
    for chart in charts.learning_charts(reports["binary"]):
        assert "best: epoch 18" in chart.svg


def test_a_cost_that_spans_decades_gets_a_logarithmic_axis():
    wide = charts.learning_charts(history_of(epoch=range(1, 6), cost=[1.0, 0.1, 0.01, 0.001, 0.0001]))[0].svg
    near = charts.learning_charts(history_of(epoch=range(1, 6), cost=[1.0, 0.9, 0.8, 0.7, 0.6]))[0].svg
    assert {">0.1<", ">0.01<", ">0.001<"} <= set(re.findall(r">[0-9.]+<", wide))
    assert {">0.6<", ">0.8<", ">1<"} <= set(re.findall(r">[0-9.]+<", near))


def test_the_words_for_a_chart_hold_the_figures_at_both_ends():
    chart = charts.learning_charts(history_of(epoch=[1, 2, 3], cost=[0.75, None, 0.25]))[0]
    assert "train from 0.75 to 0.25" in chart.svg


def test_a_figure_that_was_never_finite_has_no_chart():
    contents = history_of(epoch=[1, 2], cost=[float("nan"), None], validation_cost=[float("inf"), None])
    assert charts.learning_charts(contents) == []
    assert column(contents.history, "absent") is None


def test_statistics_taken_now_and_then_are_joined_by_a_line():
    columns = {"epoch": range(1, 8), "layer1_update_ratio": [0.5, None, None, 0.4, None, None, 0.3]}
    svg = charts.inside_charts(history_of(**columns))[0].svg
    paths = [re.findall(r"([ML]) ([\d.]+)", path) for path in re.findall(r'<path d="([^"z]*)"', svg)]
    wide = [path for path in paths if len(path) > 2 and float(path[-1][1]) - float(path[0][1]) > 100]
    assert ["".join(step for step, _ in path) for path in wide] == ["MLL"]


def test_a_cost_that_became_infinite_is_drawn_as_far_as_it_goes():
    contents = history_of(epoch=[1, 2, 3], cost=[1.0, 5.0, float("inf")])
    assert "train from 1 to 5" in charts.learning_charts(contents)[0].svg


def test_a_constant_learning_rate_is_not_drawn():
    assert charts.inside_charts(history_of(epoch=[1, 2], learning_rate=[0.1, 0.1])) == []
    assert len(charts.inside_charts(history_of(epoch=[1, 2], learning_rate=[0.1, 0.05]))) == 1


@pytest.mark.parametrize("statistics", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("rate", [False, True])
def test_charts_fill_their_lines_without_a_gap(statistics, rate):
    names = ["update_ratio", "gradient_norm", "activation_std", "zero_fraction", "dead_fraction"][:statistics]
    columns = {f"layer1_{name}": [0.5, 0.4] for name in names} | (
        {"learning_rate": [0.1, 0.2]} if rate else {}
    )
    sizes = [chart.size for chart in charts.inside_charts(history_of(**columns))]
    assert len(sizes) == statistics + rate
    if len(sizes) > 1:
        assert sizes.count("half") % 2 == 0
        assert sizes.count("third") % 3 == 0


def test_a_deep_network_shows_its_first_and_last_layer_among_eight():
    columns = {f"layer{n}_update_ratio": [0.1, 0.2] for n in range(1, 31)}
    svg = charts.inside_charts(history_of(**columns))[0].svg
    shown = re.findall(r">layer (\d+)<", svg)
    assert len(shown) == 8
    assert {"1", "30"} <= set(shown)


def test_a_layer_alone_is_still_named():
    (chart,) = charts.inside_charts(
        history_of(layer1_dead_fraction=[0.0, 0.0], layer2_dead_fraction=[0.1, 0.2])
    )
    assert ">layer 2<" in chart.svg
    assert ">layer 1<" not in chart.svg
    assert ">0%<" in chart.svg


def test_a_large_regression_draws_a_bounded_number_of_points():
    y = np.random.default_rng(0).normal(size=50_000)
    contents = ReportContents(title="t", task="regression", target="y", y=y, prediction=y * 0.9)
    scatter, histogram = charts.regression_charts(contents)
    assert len(scatter.svg) < 250_000
    assert "random 800 of 50,000 rows" in scatter.caption
    assert len(histogram.svg) < 50_000


def test_the_confusion_table_counts_every_row_once(reports):
    contents = reports["multiclass"]
    table = charts.confusion_table(contents)
    cells = [int(cell.text) for _, _, row in table.rows for cell in row]
    assert sum(cells) == len(contents.y)
    chosen = contents.prediction.argmax(1)
    assert cells[1] == ((contents.y == 0) & (chosen == 1)).sum()
    assert [name for name, _, _ in table.rows] == ["red", "green", "blue"]


def test_of_many_classes_the_thirty_that_are_mixed_up_most_are_shown(reports):
    table = charts.confusion_table(reports["awkward"])
    assert len(table.rows) == len(table.names) == 30
    assert "Of 36 classes, the 30 with the most mistakes" in table.caption
    assert len(table.pairs) == 5


def test_a_perfect_answer_is_said_to_be_one():
    y = np.array([0, 1, 0, 1])
    contents = ReportContents(title="t", task="binary", target="y", y=y, prediction=np.eye(2)[y])
    assert "Not one row is answered wrongly" in charts.confusion_table(contents).caption
    assert "100%" in {cell.percentage for _, _, row in charts.confusion_table(contents).rows for cell in row}


def test_one_class_alone_has_no_roc_curve_but_a_page():
    contents = ReportContents(
        title="t", task="binary", target="y", y=np.zeros(4, int), prediction=np.full((4, 2), 0.5)
    )
    assert [chart.title for chart in charts.classification_charts(contents)] == [
        "Can its probabilities be trusted?"
    ]


def test_a_constant_regression_can_be_drawn():
    contents = ReportContents(title="t", task="regression", target="y", y=np.ones(5), prediction=np.ones(5))
    assert len(charts.regression_charts(contents)) == 2


def test_ids_of_two_charts_never_meet():
    def draw(figure):
        figure.add_subplot().plot([0, 1], [0, 1])

    ids = [
        set(re.findall(r' id="([^"]+)"', themed_svg(draw, name=name, label="a line")))
        for name in ("one", "two")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_a_chart_may_be_drawn_away_from_the_main_thread(reports):
    found = []
    thread = threading.Thread(target=lambda: found.extend(charts.learning_charts(reports["binary"])))
    thread.start()
    thread.join()
    assert [chart.svg for chart in found] == [c.svg for c in charts.learning_charts(reports["binary"])]


def test_layers_without_a_matrix_are_left_out_of_the_diagram():
    from layerwise.report.tables import layer_boxes

    layers = [
        LayerRow("layer 1", "dense", (4, 2), "relu", 12),
        LayerRow("scale", "scaling", (4,), "identity", 4),
    ]
    contents = ReportContents(title="t", task="binary", target="y", layers=layers)
    assert layer_boxes(contents) == [("2", "inputs"), ("4", "relu")]
