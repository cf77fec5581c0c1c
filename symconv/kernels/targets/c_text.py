"""Index polynomials, numbers and conditions as C, and the lines of a function while they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from symconv.term.polynomial import Atom, Monomial, Poly, Quotient, Remainder

NameOf = Callable[[Atom], str]

_LANGUAGE = (
    "auto break case char const continue default do double else enum extern float for goto if inline int "
    "long register restrict return short signed sizeof static struct switch typedef union unsigned void "
    "volatile while asm typeof"
)  # words of the language
_HEADERS = (
    "main exp log tanh sqrt erf fmax fmin div abs floor ceil malloc free memset memcpy printf exit stdin "
    "stdout stderr NULL EOF BUFSIZ RAND_MAX INFINITY NAN HUGE_VAL linux unix y0 y1 yn j0 j1 jn gamma "
    "index rindex signgam"
)  # names in its headers
_RUNTIME = (
    "T NAME SELF LANES WHOLE RANK MOST BYTES PIXELS HELD HEIGHT QBLOCK KBLOCK BAND BLOCK out in size memory done total "
    "best whole_numbers value once entry at at_left at_right at_result side run maximum minimum floor_div floor_mod "
    "take near_together release survey leaves within measure distance room common_divisor lines_of lines_along "
    "strip_rows list_columns count_from_least phases_of pieces_of part_of"
)  # names in every function here
RESERVED = tuple(f"{_LANGUAGE} {_HEADERS} {_RUNTIME}".split())  # no variable is called so


def poly_c(poly: Poly, name_of: NameOf) -> str:
    """The polynomial as a C expression over `long`; quotients round down.

    >>> from symconv.term.polynomial import Size
    >>> poly_c(2 * (Poly.of(Size("H")) // 3) - 1, str)
    '2 * floor_div(H, 3) - 1'
    """
    terms = sorted(poly.sorted_terms(), key=lambda t: (not t[0], t[1] < 0))
    text = ""
    for monomial, c in terms:
        sign = (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
        text += sign + _product(monomial, abs(c), name_of)
    return text or "0"


def _product(monomial: Monomial, c: int, name_of: NameOf) -> str:
    factors = [_atom(a, name_of) for a in monomial]
    if c != 1 or not factors:
        factors.insert(0, str(c))
    return " * ".join(factors)


def _atom(atom: Atom, name_of: NameOf) -> str:
    if not isinstance(atom, Quotient):
        return name_of(atom)
    function = "floor_mod" if isinstance(atom, Remainder) else "floor_div"
    return f"{function}({poly_c(atom.numerator, name_of)}, {poly_c(atom.denominator, name_of)})"


def grouped(text: str) -> str:
    """The expression, in parentheses where another operator may stand beside it.

    >>> grouped("a"), grouped("a + b"), grouped("f(a, b)"), grouped("f(a) + (b)")
    ('a', '(a + b)', 'f(a, b)', '(f(a) + (b))')
    """
    depth = 0
    for at, c in enumerate(text):
        depth += (c in "([") - (c in ")]")
        if depth == 0 and (c == " " or (c == "-" and at == 0)):
            return f"({text})"
    return text


def number_c(q: Fraction) -> str:
    """A rational number of the type T.

    >>> number_c(Fraction(1, 9)), number_c(Fraction(-2))
    ('((T)1 / (T)9)', '(T)-2')
    """
    return f"(T){q.numerator}" if q.denominator == 1 else f"((T){q.numerator} / (T){q.denominator})"


def comment_c(title: str) -> str:
    """A title that cannot leave its comment."""
    kept = "".join(c if c.isprintable() and c.isascii() else " " for c in title)[:100]
    return f"/* {kept.replace('*/', '* /').replace('/*', '/ *')} */"


class Lines:
    """Lines of C with their indentation."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._depth = 1

    def line(self, text: str) -> None:
        self.lines.append("    " * self._depth + text if text else "")

    def directive(self, text: str) -> None:
        self.lines.append(text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """`head {`, what is written inside, `}`."""
        self.line(f"{head} {{" if head else "{")
        self._depth += 1
        yield
        self._depth -= 1
        self.line("}")


__all__ = ["RESERVED", "Lines", "NameOf", "comment_c", "grouped", "number_c", "poly_c"]
