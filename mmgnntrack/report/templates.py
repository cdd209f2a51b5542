"""What the pages share: their templates, and the colours of identities."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mmgnntrack.visualization import PALETTE
from mmgnntrack.visualization.colors import contrasting


def render_template(name: str, /, **values: Any) -> str:
    """A page from one of the templates in this folder; what is in the values is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent, encoding='utf-8'),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(name).render(**values)


def css_palette() -> list[list[str]]:
    """For each colour of the palette, in which identities take turns, it and what reads well on it, as CSS has them."""
    return [['#{2:02x}{1:02x}{0:02x}'.format(*bgr) for bgr in (color, contrasting(color))] for color in PALETTE]
