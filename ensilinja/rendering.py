"""Jinja with what every template may use. Nothing a person typed is ever a template."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, pass_context
from jinja2.runtime import Context

from core.text import Texts

HERE = Path(__file__).resolve().parent
STATIC = HERE.parent / "static"


@cache
def asset(path: str) -> str:
    """The address of a static file with a mark of its content, so that browsers may keep it."""
    mark = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]
    return f"/static/{path}?v={mark}"


def read_templates(folder: Path) -> dict[str, str]:
    """All templates as they are now: a new version put in their place must not meet this one's views."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*.html"))
    }


def make_templates(texts: Texts) -> Environment:
    """The environment: escaped, strict, with `t("key")` in the language of the page's `lang`."""
    environment = Environment(
        loader=DictLoader(read_templates(HERE / "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    @pass_context
    def t(context: Context, key: str, **values: object) -> str:
        frame: Any = context.get("frame")
        lang = frame.lang if frame is not None else context.get("lang", "fi")
        return texts.get(str(lang), key, **values)

    environment.globals.update(t=t, asset=asset)
    return environment
