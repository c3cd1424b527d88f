import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from layerwise.errors import InputError
from layerwise.report import ReportContents, render_report, write_report

VOID = {"meta", "link", "br", "img", "input", "hr"}
SECTIONS = ["verdict", "warnings", "metrics", "answers", "importance", "learning", "network", "details"]


class Page(HTMLParser):
    """The page as a browser would read it: open elements, ids, attributes, and text outside of scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.ids, self.attributes, self.words = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def parsed(pages):
    return {name: Page(text) for name, text in pages.items()}


def test_every_element_is_closed_in_order(parsed):
    assert {name: page.open for name, page in parsed.items()} == {name: [] for name in parsed}


def test_no_id_occurs_twice_and_every_reference_has_its_target(parsed):
    for name, page in parsed.items():
        assert len(page.ids) == len(set(page.ids)), name
        values = [
            value for _, attribute, value in page.attributes if attribute not in ("title", "aria-label")
        ]
        wanted = {found for value in values for found in re.findall(r"url\(#([^)]+)\)|^#(.+)", value)}
        assert wanted or name == "bare"
        assert {a or b for a, b in wanted} <= set(page.ids), name


def test_nothing_is_loaded_from_anywhere(parsed, pages):
    loading = {"src", "srcset", "data", "action", "poster", "background", "xlink:href", "href"}
    for name, page in parsed.items():
        values = {value for _, attribute, value in page.attributes if attribute in loading}
        assert all(value.startswith("#") or value == "data:," for value in values), name
        assert "@import" not in pages[name]
        assert not re.search(r"url\(\s*['\"]?(?!#)", re.sub(r">[^<]*<", "><", pages[name]))


def test_all_sections_are_there_in_order(parsed):
    for name in ("binary", "multiclass", "regression"):
        ids = parsed[name].ids
        assert [i for i in ids if i in SECTIONS] == SECTIONS


def test_absent_parts_leave_no_empty_section(parsed):
    assert [i for i in parsed["bare"].ids if i in SECTIONS] == ["verdict"]


def test_the_users_texts_are_shown_and_never_become_markup(parsed, reports):
    page = parsed["awkward"]
    assert page.tags.count("script") == 1
    assert "img" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    for text in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", 'x" onmouseover="alert(1)'):
        assert text in page.text
    assert "列の名前" * 20 in page.text
    assert "$x_1$ {{ 7 * 6 }} {% raw %}" in page.text
    assert 'id="foo" url(#bar) #04fe4d' in page.text


def test_control_characters_and_broken_text_do_not_reach_the_file(reports, tmp_path):
    data = write_report(tmp_path / "report.html", reports["awkward"]).read_bytes()
    assert not set(data) & (set(range(32)) - {9, 10, 13})
    data.decode("utf-8")


def test_the_same_contents_give_the_same_page(reports, pages):
    for name in ("two columns", "regression"):
        assert render_report(reports[name]) == pages[name]


def test_every_picture_says_in_words_what_it_shows(parsed):
    for page in parsed.values():
        pictures = page.tags.count("svg")
        labels = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-label"]
        assert len(labels) == pictures
        assert all(len(label) > 20 for label in labels)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "binary",
            ["Accuracy", "Log loss", "malignant", "Finding one class", "Can its probabilities be trusted?"],
        ),
        ("multiclass", ["Finding each class", "What was answered for what", "green"]),
        ("regression", ["R²", "Mean absolute error", "Predicted and true values", "Size of the errors"]),
        ("two columns", ["The decision boundary", "north"]),
        ("two columns, values", ["The surface that was learned"]),
    ],
)
def test_a_page_holds_what_its_task_calls_for(parsed, name, words):
    for word in [
        *words,
        "layerwise train table.csv --target outcome",
        "Movement per layer",
        "It holds 3 missing",
    ]:
        assert word in parsed[name].text.replace("  ", " "), word


def test_warnings_come_before_metrics_and_remarks_after(pages):
    page = pages["binary"]
    assert page.index("It holds 3 missing values.") < page.index("How good it is") < page.index("A remark.")


def test_writing_replaces_the_file_whole_and_leaves_nothing_beside_it(reports, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    assert write_report(path, reports["bare"]) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_failed_write_keeps_the_old_file(reports, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_report(path, reports["bare"])
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_missing_folder_is_named(reports, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        write_report(tmp_path / "nowhere" / "report.html", reports["bare"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task": "binry"}, "did you mean 'binary'"),
        ({"scored_split": "tset"}, "did you mean 'test'"),
        ({"y": np.zeros(3)}, "together"),
        ({"y": np.zeros(3), "prediction": np.zeros((2, 2))}, "3 true values but 2 predictions"),
        ({"columns": [("a", "number", 0, 1, True, "", "more")]}, "ColumnRow has the fields name, kind"),
    ],
)
def test_contents_that_do_not_fit_together_are_refused(changes, words):
    with pytest.raises(InputError) as refused:
        ReportContents(**({"title": "t", "task": "binary", "target": "y"} | changes))
    assert words in str(refused.value)


def test_rows_may_come_as_tuples_or_mappings():
    contents = ReportContents(
        title="t",
        task="binary",
        target="y",
        columns=[("age", "number"), {"name": "id", "kind": "identifier", "used": False}],
        notices=[("info", None, "Fine.")],
    )
    assert [column.used for column in contents.columns] == [True, False]
    assert "Fine." in render_report(contents)
