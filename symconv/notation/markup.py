"""Elements of HTML, MathML and SVG as text; only here does a text become markup, and it is escaped."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, *inner: str, **attributes: str | None) -> Markup:
    """One element.  Inner texts are escaped unless they are markup; attributes of None are left away.

    >>> element("a", "x < y", element("b", "z"), class_="near", href="#x", title=None)
    '<a class="near" href="#x">x &lt; y<b>z</b></a>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{together(*inner)}</{name}>")


def together(*pieces: str) -> Markup:
    """Pieces one after the other, texts among them escaped."""
    return Markup("".join(p if isinstance(p, Markup) else escape(p, quote=False) for p in pieces))


__all__ = ["Markup", "element", "together"]
