"""Contrast of the two themes, by the formula of the Web Content Accessibility Guidelines 2.1."""

import re

import pytest

from layerwise.report.charts.themed_svg import COLOUR, SERIES


@pytest.fixture(scope="module")
def themes(pages):
    css = re.search(r"<style>(.*?)</style>", pages["bare"], flags=re.DOTALL).group(1)
    blocks = re.findall(r"(:root[^{]*)\{([^}]*)\}", css)
    variables = [dict(re.findall(r"--([\w-]+):\s*([^;]+);", body)) for _, body in blocks]
    assert [selector.strip() for selector, _ in blocks] == [
        ":root",
        ':root[data-theme="dark"]',
        ':root:not([data-theme="light"])',
    ]
    assert variables[1] == variables[2]
    return {"light": variables[0], "dark": variables[0] | variables[1]}


def rgb(colour):
    if colour.startswith("#"):
        return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return [float(part) for part in colour.split()]


def luminance(colour):
    linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(colour, alpha, ground):
    return [alpha * c + (1 - alpha) * g for c, g in zip(colour, ground, strict=True)]


def test_the_formula_gives_the_guidelines_own_figures():
    assert contrast([0, 0, 0], [255, 255, 255]) == pytest.approx(21)
    assert contrast([119, 119, 119], [255, 255, 255]) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_every_ground_it_lies_on(themes, theme):
    colours = themes[theme]
    for text in ("ink", "muted"):
        for ground in ("page", "card", "notice", "code"):
            assert contrast(rgb(colours[text]), rgb(colours[ground])) >= 4.5, (text, ground)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_of_charts_stand_out_from_their_card(themes, theme):
    colours = themes[theme]
    for name in ("accent", "wrong", *(f"series{i + 1}" for i in range(SERIES))):
        assert contrast(rgb(colours[name]), rgb(colours["card"])) >= 3, name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_in_the_darkest_cells_of_the_confusion_table_can_be_read(themes, theme, pages):
    colours = themes[theme]
    assert "var(--heat) / calc(0.04 + var(--p) * 0.42)" in pages["bare"]
    assert "var(--wrong-heat) / calc(0.03 + min(var(--p) * 1.6, 1) * 0.5)" in pages["bare"]
    for heat, alpha in (("heat", 0.46), ("wrong-heat", 0.53)):
        cell = over(rgb(colours[heat]), alpha, rgb(colours["card"]))
        assert contrast(rgb(colours["ink"]), cell) >= 4.5, heat


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_colour_that_charts_ask_for_is_defined(themes, theme):
    assert set(COLOUR) <= set(themes[theme])
