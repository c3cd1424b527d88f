"""From a template to a page: every page of layerwise is made here, with the same head, styles and script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def render_page(template: str, parts: Mapping[str, Any], package: str = "layerwise.report") -> str:
    """The template of `package` filled in, as text; the same parts give the same text.

    Templates of other packages include the report's head, styles and script by name. Every text is escaped,
    but for drawings; control characters, which no page may hold, are replaced.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("layerwise.report")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawing"] = Markup
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", environment.get_template(template).render(parts))
