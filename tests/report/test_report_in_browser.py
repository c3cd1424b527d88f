"""The pages in a real browser: no errors, nothing loaded, no sideways scrolling, a theme that turns."""

import html
import json
import re
import shutil
import subprocess

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LISTEN = """<script>
window.problems = [];
addEventListener("error", (event) => problems.push(String(event.message || event.target)), true);
addEventListener("securitypolicyviolation", (event) => problems.push(event.blockedURI));
</script>"""
MEASURE = """<script>
addEventListener("load", () => {
  const seen = {};
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument;
    const root = page.documentElement;
    const background = () => frame.contentWindow.getComputedStyle(page.body).backgroundColor;
    const button = page.getElementById("theme");
    const shades = [];
    for (let i = 0; i < 3; i++) {
      button.click();
      shades.push([root.dataset.theme || "automatic", background()]);
    }
    for (const part of page.querySelectorAll("details")) part.open = true;
    const bar = page.querySelector(".track i");
    seen[frame.title] = {
      problems: frame.contentWindow.problems,
      wide: root.scrollWidth,
      shades: shades,
      bar: bar ? [bar.getBoundingClientRect().width, bar.getBoundingClientRect().height] : null,
      flat: [...page.querySelectorAll("svg")].filter((svg) => svg.clientHeight < 100).length,
      loaded: frame.contentWindow.performance.getEntriesByType("resource").length,
    };
  }
  document.body.dataset.seen = JSON.stringify(seen);
});
</script>"""


@pytest.fixture(scope="module")
def seen(pages, tmp_path_factory):
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        pytest.skip("no Chromium or Chrome on the path, so the pages cannot be looked at in a browser")
    folder = tmp_path_factory.mktemp("browser")
    frames = [
        f'<iframe title="{name} at {width}" style="border:0;width:{width}px;height:900px" '
        f'srcdoc="{html.escape(page.replace("<head>", "<head>" + LISTEN), quote=True)}"></iframe>'
        for name, page in pages.items()
        for width in (390, 1280)
    ]
    wrapper = folder / "wrapper.html"
    wrapper.write_text(
        f'<!DOCTYPE html><html><head><meta charset="utf-8">{MEASURE}</head>'
        f"<body>{''.join(frames)}</body></html>",
        encoding="utf-8",
        errors="replace",
    )
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}",
        "--virtual-time-budget=5000",
        "--dump-dom",
    ]
    try:
        done = subprocess.run(
            [browser, *options, wrapper.as_uri()], capture_output=True, text=True, timeout=100, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("the browser did not answer within 100 seconds")
    found = re.search(r'data-seen="([^"]*)"', done.stdout)
    if found is None and not done.stdout.strip():
        pytest.skip(f"the browser does not start here: {done.stderr[-300:]}")
    assert found is not None, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(found.group(1))), console


def test_no_page_reports_an_error_or_asks_for_anything(seen):
    found, console = seen
    assert len(found) == 16
    assert {name: page["problems"] for name, page in found.items()} == {name: [] for name in found}
    assert {name: page["loaded"] for name, page in found.items()} == dict.fromkeys(found, 0)
    assert console == []


def test_no_page_scrolls_sideways_on_a_phone_or_a_desktop(seen):
    found, _ = seen
    too_wide = {
        name: page["wide"] for name, page in found.items() if page["wide"] > int(name.rsplit(" ", 1)[1])
    }
    assert too_wide == {}


def test_the_theme_button_turns_from_light_to_dark_and_back(seen):
    for page in seen[0].values():
        assert [name for name, _ in page["shades"]] == ["light", "dark", "automatic"]
        assert page["shades"][0][1] != page["shades"][1][1]


def test_charts_and_bars_have_a_size(seen):
    for name, page in seen[0].items():
        assert page["flat"] == 0
        if not name.startswith("bare"):
            assert page["bar"][0] > 10
            assert page["bar"][1] > 10
