"""A gradient check as a piece of HTML: the verdict, a row for each parameter, and where it errs."""

from __future__ import annotations

from html import escape

from layerwise.checking.heat_map import LEVELS, SHADES, heat_map
from layerwise.checking.result import GradientCheck, ParameterCheck

# Colours are those around it, so that light and dark pages both read well.
STYLE = """<style>
.layerwise-check{--error:#c2410c;color:inherit;line-height:1.45}
@media (prefers-color-scheme:dark){.layerwise-check{--error:#fb923c}}
.layerwise-check .scroll{overflow-x:auto}
.layerwise-check table{border-collapse:collapse;color:inherit;background:transparent;margin:.5rem 0}
.layerwise-check :is(th,td){padding:.3rem .8rem .3rem 0;border:0;
border-bottom:1px solid rgba(128,128,128,.35);text-align:left;vertical-align:top;color:inherit;
font-weight:400}
.layerwise-check thead th{white-space:nowrap}
.layerwise-check .number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.layerwise-check .wrong th,.layerwise-check .verdict{font-weight:600}
.layerwise-check td.said{max-width:34rem}
.layerwise-check .wrong td.said{min-width:15rem}
.layerwise-check .heat{display:block;max-width:100%;height:auto}
.layerwise-check .heat .off{fill:var(--error)}
.layerwise-check .heat .left-out{fill:none;stroke:rgba(128,128,128,.6);stroke-width:.8}
.layerwise-check .key{display:inline-block;width:.8em;height:.8em;margin:0 .15em 0 .6em;
background:var(--error)}
</style>"""


def html_of(check: GradientCheck) -> str:
    """The table, complete with its styles; it holds no script and loads nothing."""
    headline, *sentences = check.text.splitlines()
    rest = "".join(f"<p>{escape(sentence.strip())}</p>" for sentence in _beyond_the_table(check, sentences))
    rows = "".join(_row(part, check) for part in check.parameters.values())
    head = "".join(
        f'<th scope="col"{css}>{escape(title)}</th>'
        for title, css in (
            ("Gradient", ""),
            ("Shape", ""),
            ("Difference", ' class="number"'),
            ("Verdict", ""),
            ("Error by entry", ""),
        )
    )
    return (
        f'{STYLE}<div class="layerwise-check"><p class="verdict">{escape(headline)}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Gradient of each parameter">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{_key()}{rest}</div>"
    )


def _row(part: ParameterCheck, check: GradientCheck) -> str:
    evidence = check.evidence.get(part.name)
    picture = heat_map(evidence) if evidence is not None else "along random directions"
    if evidence is not None and not evidence.is_whole:
        picture += f"<small>{evidence.value.size:,} of {_size(part):,} entries</small>"
    shape = " × ".join(f"{n:,}" for n in part.shape) or "number"
    return (
        f'<tr{"" if part.passed else " class=wrong"}><th scope="row">d{escape(part.name)}</th>'
        f"<td>{shape}</td>"
        f'<td class="number">{part.difference:.1e}</td><td class="said">{escape(_said(part))}</td>'
        f"<td>{picture}</td></tr>"
    )


def _size(part: ParameterCheck) -> int:
    size = 1
    for n in part.shape:
        size *= n
    return size


def _said(part: ParameterCheck) -> str:
    verdict = "right" if part.passed else f"wrong: {part.cause}"
    follows = f" It may follow from d{part.follows}." if part.follows else ""
    kinks = f" Left out at kinks: {part.kinks:,}." if part.kinks else ""
    return f"{verdict}. {part.explanation}{follows}{kinks}"


def _beyond_the_table(check: GradientCheck, sentences: list[str]) -> list[str]:
    """The sentences that no row says: of kinks, and the notes."""
    return [line for line in sentences if line in check.notes or "left out" in line]


def _key() -> str:
    words = ["none", *(f"from {level:g}" for level in LEVELS)]
    keys = "".join(
        f'<span class="key" style="opacity:{shade}"></span>{word}'
        for shade, word in zip(SHADES, words, strict=True)
    )
    return f"<p><small>Error, as a share of the gradient's usual size:{keys}; outlined: left out.</small></p>"
