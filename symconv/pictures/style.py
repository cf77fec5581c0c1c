"""The colours of the pictures: each SVG carries them, in light and in dark, for its own elements alone.

Plain colours first, so that printers without media queries draw the light picture.
"""

from __future__ import annotations

from collections.abc import Sequence

ROOT = "scp"  # the class of the svg element, before which no rule below holds
LIGHT_WEIGHTS = ("cfe3ff", "ffe0b8", "cdebd3", "f6cfe0", "e2d6fb", "fff0a8", "c8eef0", "f9cfc5", "dfe3b4", "d9d9d9")
DARK_WEIGHTS = ("1f4270", "6b4312", "22573a", "6b2f4c", "4a3a7d", "5f5510", "1c5a5e", "713226", "4d5220", "4a4e54")

_SHAPES = """
text { font-family: system-ui, "Segoe UI", Roboto, Arial, sans-serif; font-size: 12px; text-anchor: middle; }
.title { font-weight: 600; text-anchor: start; }
.said { text-anchor: start; }
.axis, .small { font-size: 10px; }
.cell { stroke-width: 1; }
.padding { stroke-dasharray: 3 2.5; }
.entry, .winner { stroke-width: 2.5; }
.frame, .block, .arrow, .edge { fill: none; pointer-events: none; }
.frame { stroke-width: 2.5; }
.block { stroke-width: 2; }
.arrow { stroke-width: 1.75; }
.arrow.backward { stroke-dasharray: 5 3; }
text { pointer-events: none; }
.onlight { fill: #000000; }
.ondark { fill: #ffffff; }
.name { font-weight: 600; }
.lit { stroke-width: 3; }
[data-of] { cursor: default; }
"""
_COLOURS = """
text {{ fill: #{ink}; }}
.axis, .soft {{ fill: #{soft}; }}
.cell {{ fill: #{cell}; stroke: #{line}; }}
.padding, .stuffed {{ fill: #{page}; stroke: #{line}; }}
.never {{ fill: #{never}; }}
.read {{ fill: #{read}; stroke: #{blue}; }}
.entry {{ fill: #{mark}; stroke: #{amber}; }}
.shared {{ fill: #{never}; }}
.winner {{ stroke: #{ink}; }}
.frame {{ stroke: #{blue}; }}
.block {{ stroke: #{ink}; }}
.arrow {{ stroke: #{blue}; }}
.arrow.backward {{ stroke: #{amber}; }}
.head {{ fill: #{blue}; }}
.head.backward {{ fill: #{amber}; }}
.edge {{ stroke: #{line}; }}
.box {{ fill: #{cell}; stroke: #{soft}; }}
"""
_LIT = ".lit {{ fill: #{lit}; stroke: #{amber}; }}"
_LIGHT = {
    "page": "ffffff",
    "ink": "1c1e21",
    "soft": "5c636a",
    "cell": "f7f8fa",
    "line": "b4bac1",
    "never": "e3e5e8",
    "read": "cfe3ff",
    "blue": "0b57b8",
    "mark": "ffe7a6",
    "amber": "8a5300",
    "lit": "ffcf40",
}
_DARK = {
    "page": "15181c",
    "ink": "e6e8ea",
    "soft": "a2aab3",
    "cell": "22272d",
    "line": "56606b",
    "never": "3a4048",
    "read": "1f4270",
    "blue": "7db4ff",
    "mark": "5a4410",
    "amber": "f0b65a",
    "lit": "8a6a00",
}


def weight_class(number: int) -> str:
    """The class of the number-th weight; colours repeat, labels do not.

    >>> weight_class(0), weight_class(12)
    ('w0', 'w2')
    """
    return f"w{number % len(LIGHT_WEIGHTS)}"


def style_sheet() -> str:
    """The rules of all pictures."""
    light, dark = (_scoped(_coloured(*c)) for c in ((_LIGHT, LIGHT_WEIGHTS), (_DARK, DARK_WEIGHTS)))
    return f"{light}{_scoped(_SHAPES)}@media screen and (prefers-color-scheme:dark){{{dark}}}"


def _coloured(names: dict[str, str], weights: Sequence[str]) -> str:
    fills = "\n".join(f".w{n} {{ fill: #{colour}; }}" for n, colour in enumerate(weights))
    return "\n".join((_COLOURS.format(**names), fills, _LIT.format(**names)))


def _scoped(rules: str) -> str:
    """Every selector below the root, without needless spaces."""
    made = []
    for rule in filter(None, map(str.strip, rules.splitlines())):
        selectors, body = rule.split(" { ", 1)
        scoped = ",".join(f".{ROOT} {s.strip()}" for s in selectors.split(","))
        made.append(f"{scoped}{{{body.removesuffix(' }').removesuffix(';').replace(': ', ':').replace('; ', ';')}}}")
    return "".join(made)


__all__ = ["ROOT", "style_sheet", "weight_class"]
