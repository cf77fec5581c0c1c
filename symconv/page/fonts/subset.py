"""The font of the pages: STIX Two Math with the characters alone that formulas here can hold.

With fonttools and brotli, and the font that the package ziamath of PyPI ships (or stixfonts.org),

    python -m symconv.page.fonts.subset STIXTwoMath-Regular.ttf

writes it beside this file.  It keeps the mathematical table, and with it the parts of which tall brackets and wide
hats are made.  Its licence, OFL.txt, stands beside it too.
"""

from __future__ import annotations

import sys
from pathlib import Path
from string import ascii_letters, digits, printable

from symconv.notation import glyphs
from symconv.notation.symbols import LETTERS

FILE = Path(__file__).with_name("symconv-math.woff2")
NAME = "symconv math"
KEPT_NAMES = (0, 7, 13, 14)  # copyright, trademark, licence and its address


def characters() -> set[str]:
    """Whatever the printer of MathML can write, in the italics too in which browsers set a single letter.

    >>> {"x", "𝑥", "𝛿", "∂", "∑", "ℝ", "′"} <= characters()
    True
    """
    letters = {*ascii_letters, *map(glyphs.letter, LETTERS)}
    tables = (glyphs.SIGNS, glyphs.BIG, glyphs.FENCES, glyphs.ACCENTS, glyphs.COMBINING, glyphs.PRIMES)
    signs = {c for table in tables for text in table.values() for c in text}
    fonts = {glyphs.in_alphabet(c, font) for c in {*letters, *digits} for font in glyphs.ALPHABETS}
    return {*printable.strip(), " ", "\u00a0", *letters, *signs, *fonts, *map(glyphs.italic, letters)}


def main(source: str) -> None:
    from fontTools import subset, ttLib

    font = ttLib.TTFont(source, recalcTimestamp=False)
    options = subset.Options()
    options.name_IDs = list(KEPT_NAMES)
    options.layout_features = []  # forms for scripts would double the font
    options.hinting = False
    options.notdef_outline = True
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(characters())))
    subsetter.subset(font)
    for number in (1, 4, 6):
        font["name"].setName(NAME.replace(" ", "") if number == 6 else NAME, number, 3, 1, 0x409)
    font.flavor = "woff2"
    font.save(FILE)


if __name__ == "__main__":
    main(sys.argv[1])
