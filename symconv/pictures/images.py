"""Kernels and feature maps as images: grey from dark to light, or blue and red around zero where signs differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from symconv.errors import ShapeError
from symconv.notation.markup import Markup, element, together
from symconv.page.nodes import Figure
from symconv.pictures.drawing import LETTER, TITLE, WIDTH, Label, figure
from symconv.pictures.numbers import Entries, Numbers, entries_of

LARGEST, SMALLEST, ALONE = 34, 3, 160  # sides of a pixel, and the width that an image fills if it can
BLUE, WHITE, RED = (33, 102, 172), (255, 255, 255), (178, 24, 43)
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Image:
    """The entries of one matrix between a least and a greatest value."""

    title: str
    shape: tuple[int, ...]
    entries: Entries
    low: Fraction
    high: Fraction
    numbers: bool

    @property
    def side(self) -> int:
        room = WIDTH if self.numbers else ALONE
        return max(SMALLEST, min(LARGEST, room // self.shape[1]))

    @property
    def width(self) -> int:
        return max(self.side * self.shape[1] + 2, int(LETTER * 1.08 * len(self.title)) + 2)

    @property
    def height(self) -> int:
        return TITLE + self.side * self.shape[0] + 2 + 18

    def draw(self) -> Markup:
        title = element("text", self.title, class_="title", x="0", y="13")
        return together(title, *(piece for at in self.entries for piece in self._pixel(at)), *self._edge())

    def _pixel(self, at: tuple[int, ...]) -> Iterator[Markup]:
        number = self.entries[at]
        x, y, colour = 1 + self.side * at[1], TITLE + 1 + self.side * at[0], shade(number, self.low, self.high)
        yield element(
            "rect",
            class_="pixel",
            x=str(x),
            y=str(y),
            width=str(self.side),
            height=str(self.side),
            fill=_hexadecimal(colour),
        )
        if self.numbers:
            ink = "onlight" if _light(colour) else "ondark"
            yield Label(shown(number)).draw(x + self.side // 2, y + self.side // 2 + 4, self.side, ink)

    def _edge(self) -> Iterator[Markup]:
        """A line around it, and which numbers it spans."""
        width, height = self.side * self.shape[1], self.side * self.shape[0]
        yield element("rect", class_="edge", x="1", y=str(TITLE + 1), width=str(width), height=str(height))
        words = f"{shown(min(self.entries.values()))} to {shown(max(self.entries.values()))}"
        yield element("text", words, class_="said small", x="0", y=str(TITLE + height + 15))


def images(arrays: Sequence[Numbers], titles: Sequence[str], numbers: bool = False, together: bool = False) -> Figure:
    """Matrices as images, a title each.

    numbers: write them into the pixels.  together: one scale for all, so that their greys can be compared; else each
    fills its own.  Where a scale holds both signs, zero is white, negative blue and positive red.

    >>> images([[[0, 2], [1, 4]]], ["edges"]).alt
    'edges, 2 by 2: least 0 at (0, 0), greatest 4 at (1, 1).'
    """
    if len(arrays) != len(titles) or not arrays:
        raise ShapeError(
            "images", f"{len(arrays)} arrays and {len(titles)} titles", "a title for each", "give as many titles"
        )
    read = [entries_of(array) for array in arrays]
    for title, (shape, _) in zip(titles, read, strict=True):
        if len(shape) != 2:
            raise ShapeError(f"the image {title}", f"{len(shape)} axes", "rows and columns", "choose one channel")
    every = [n for _, entries in read for n in entries.values()]
    panels = [
        Image(title, shape, entries, *_span(every if together else list(entries.values())), numbers)
        for title, (shape, entries) in zip(titles, read, strict=True)
    ]
    caption = "Blue is negative, white zero, red positive." if any(p.low < 0 for p in panels) else "Lighter is greater."
    return figure(panels, " ".join(map(_told, panels)), caption)


def shade(number: Fraction, low: Fraction, high: Fraction) -> Colour:
    """Grey from black at low to white at high; around zero where low is negative.

    >>> shade(Fraction(1), Fraction(0), Fraction(1)), shade(Fraction(-2), Fraction(-2), Fraction(2))
    ((255, 255, 255), (33, 102, 172))
    """
    if low < 0:
        share = min(Fraction(1), abs(number) / max(-low, high))
        return _between(WHITE, RED if number > 0 else BLUE, share)
    share = (number - low) / (high - low) if high > low else Fraction(1, 2)
    return _between((0, 0, 0), WHITE, share)


def shown(number: Fraction) -> str:
    """Three digits.

    >>> shown(Fraction(1, 3)), shown(Fraction(-2))
    ('0.333', '-2')
    """
    return str(number) if number.denominator == 1 else f"{float(number):.3g}"


def _span(numbers: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """The least and the greatest; as far to both sides of zero where there are negative ones."""
    low, high = min(numbers), max(numbers)
    return (low, high) if low >= 0 else (-max(-low, high), max(-low, high))


def _between(a: Colour, b: Colour, share: Fraction) -> Colour:
    red, green, blue = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return red, green, blue


def _hexadecimal(colour: Colour) -> str:
    return "#" + "".join(f"{c:02x}" for c in colour)


def _light(colour: Colour) -> bool:
    return 299 * colour[0] + 587 * colour[1] + 114 * colour[2] > 140_000


def _told(image: Image) -> str:
    least, greatest = (min(image.entries, key=lambda at: s * image.entries[at]) for s in (1, -1))
    return (
        f"{image.title}, {' by '.join(map(str, image.shape))}: least {shown(image.entries[least])} at {least}, "
        f"greatest {shown(image.entries[greatest])} at {greatest}."
    )


__all__ = ["images", "shade", "shown"]
