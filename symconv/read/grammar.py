r"""Layout -> expression: a row becomes sums of products of factors.

`a + b` binds weakest, then declared signs between tensors (`X * K`), then
products.  Nothing here knows extents; a name that could be two things is
refused with the declaration that settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as Ratio

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import (
    Big,
    Boxed,
    Fence,
    Fraction,
    Grid,
    Letter,
    Node,
    Numeral,
    Row,
    Script,
    Sign,
    Styled,
    Words,
)
from symconv.notation.names import name_key
from symconv.notation.source import LocatedError
from symconv.read.ellipsis import ELLIPSIS, proposal
from symconv.read.expression import (
    Add,
    Array,
    At,
    Biggest,
    Call,
    Diff,
    Divide,
    Elementwise,
    Expr,
    Floor,
    Modulo,
    Mul,
    Negate,
    Num,
    Ref,
    Signed,
    SquaredNorm,
    Total,
    Tuple,
    free_poly,
)
from symconv.read.grammar_arrays import Arrays
from symconv.read.grammar_bounds import Bounds
from symconv.read.grammar_names import WHOLE_AXIS, Names
from symconv.read.grammar_winners import Winners
from symconv.read.library import PLAIN
from symconv.read.matrices import RANKS, Forms
from symconv.read.rows import Cursor, has_relation, split, text_of

TENSOR_SIGNS = {"*", r"\ast", r"\star", r"\otimes", r"\circledast", r"\odot", r"\circ", r"\boxtimes", r"\boxplus"}
BUILT_IN = {"exp", "log", "ln", "tanh", "sigmoid", "relu", "softplus", "step", "square", "identity"}
_REMAINDERS = (Sign(r"\bmod"), Sign(r"\%"))
_DOTS = {r"\cdot", r"\times"}


class Grammar(Names, Bounds, Arrays, Winners):
    """Reads the expressions of one formula."""

    def expression(self, items: Sequence[Node], at: int) -> Expr:
        cursor = Cursor(items, at)
        self._refuse_ellipsis(cursor.items)
        terms: list[Expr] = []
        while cursor.item is not None or not terms:
            negative = False
            if cursor.is_sign("+", "-"):
                negative = cursor.take() == Sign("-")
            elif terms:
                raise self._stray(cursor)
            if negative or terms:
                self._refuse_loose_remainder(cursor)
            term = self.term(cursor)
            terms.append(Negate(term, at=term.at) if negative else term)
        return terms[0] if len(terms) == 1 else Add(tuple(terms), at=at)

    def _refuse_ellipsis(self, items: Sequence[Node]) -> None:
        """What an ellipsis leaves out is not guessed; the sum that fits is proposed."""
        place = next((item.at for item in items if item == ELLIPSIS), None)
        if place is None:
            return
        fits = proposal(items, lambda row: free_poly(self.expression(row.items, row.at)), self.bound)
        written = fits or r"\sum_{i=...}^{...}"
        raise self.source.fault(
            place, "an ellipsis", "a sum with its limits", f"write {written}" + (", if that is meant" if fits else "")
        )

    def _refuse_loose_remainder(self, cursor: Cursor) -> None:
        r"""`a + b \bmod c` is read in two ways: what is divided stands in parentheses."""
        for item in cursor.rest_of():
            if item in (Sign("+"), Sign("-")):
                return
            if item in _REMAINDERS:
                raise self._loose(item)

    def _loose(self, item: Node) -> LocatedError:
        return self.source.fault(
            item.at,
            f"'{write_latex(item)}' without parentheses around its two sides",
            "(a + b) \\bmod (2 n)",
            "put what is divided, and what it is divided by, in parentheses",
        )

    # -- terms ---------------------------------------------------------------------

    def term(self, cursor: Cursor) -> Expr:
        """Operands between tensor signs; several of one declared sign need parentheses."""
        opens = self.window_sign(cursor.item) is not None
        left = self.windowed(cursor) if opens else self._product(cursor)
        last = self.window_sign(cursor.items[0]) if opens else None
        while (sign := self._tensor_sign(cursor)) is not None:
            at = cursor.at
            if last is not None and (self.kinds.is_tensor_sign(sign) or self.kinds.is_tensor_sign(last)):
                raise self.source.fault(
                    at,
                    f"'{last}' and '{sign}' in one product",
                    "parentheses around two of the operands",
                    "add parentheses",
                )
            if self.window_sign(cursor.item) is not None:
                left = self._weighted(left, sign, cursor)
            else:
                mode = self._mode(cursor.take())
                left = Signed(sign, left, self._product(cursor), mode, at=at)
            last = sign
        return left

    def _weighted(self, weight: Expr, sign: str, cursor: Cursor) -> Expr:
        r"""`w \boxplus_{r,c}^{ave} V`: the number before the sign is a factor."""
        at = cursor.at
        found = self.windowed(cursor)
        fact = self.kinds.op(sign)
        if fact is not None and fact.meaning == "pool max":
            raise self.source.fault(
                at, f"a number before {sign}", "the image behind the sign alone", "write the factor with \\cdot"
            )
        return Mul((weight, found), at=at)

    def _mode(self, sign: Node) -> str | None:
        r"""`*_{\text{full}}`: the mode at a sign that is declared without it."""
        label = text_of(sign.sub or sign.sup) if isinstance(sign, Script) and not (sign.sub and sign.sup) else ""
        return label if label in ("valid", "full", "same") else None

    def _tensor_sign(self, cursor: Cursor) -> str | None:
        item = cursor.item
        base = item.base if isinstance(item, Script) else item
        if isinstance(base, Sign) and base.text in TENSOR_SIGNS and item is not None:
            key = self.window_sign(item) or name_key(item)
            if self.kinds.op(key) is None and self._mode(item) is not None:
                return base.text
            if isinstance(item, Script) and self.kinds.op(key) is None:
                raise self.source.fault(
                    item.at, f"the sign {key}", "a declared sign", f"declare op {key} = correlation full, or the like"
                )
            return key
        if isinstance(item, Words) and self.kinds.op(name_key(item)) is not None and not _is_call(cursor):
            return name_key(item)
        if isinstance(item, Sign) and self.kinds.op(item.text) is not None and item.text in _DOTS:
            return item.text
        return None

    def _product(self, cursor: Cursor) -> Expr:
        at = cursor.at
        factors: list[Expr] = []
        dotted: list[int] = []
        while cursor.item is not None and not cursor.is_sign("+", "-") and self._tensor_sign(cursor) is None:
            if factors and cursor.is_sign(*_DOTS):
                sign = cursor.take()
                self._multiply(factors, self._factor(cursor), write_latex(sign), sign.at)
                dotted.append(len(factors) - 1)
            elif factors and cursor.is_sign("/"):
                factors, dotted = [self._quotient(_product_of(factors, at, dotted), cursor)], []
            elif factors and cursor.item in _REMAINDERS:
                sign = cursor.take()
                factors, dotted = [Modulo(_product_of(factors, at, dotted), self._factor(cursor), at=sign.at)], []
                if cursor.item is not None and not cursor.is_sign("+", "-"):
                    raise self._loose(sign)
            else:
                place = cursor.at
                self._multiply(factors, self._factor(cursor), "", place)
        if not factors:
            raise self._missing(cursor)
        return _product_of(factors, at, dotted)

    def _multiply(self, factors: list[Expr], factor: Expr, sign: str, at: int) -> None:
        before = factors[-1] if factors else None
        if isinstance(before, Array) and isinstance(factor, Array):
            factor = self.array_product(before, factor, sign, at)
            factors.pop()
        factors.append(factor)

    def _quotient(self, top: Expr, cursor: Cursor) -> Expr:
        place = cursor.take().at
        bottom = self._factor(cursor)
        follows = cursor.item
        if follows is not None and not isinstance(follows, Sign) and self._tensor_sign(cursor) is None:
            raise self.source.fault(
                follows.at, "a factor behind a/b", "\\frac{a}{b} or parentheses", "say what is divided by what"
            )
        return Divide(top, bottom, at=place)

    # -- factors -------------------------------------------------------------------

    def _factor(self, cursor: Cursor) -> Expr:
        item = cursor.item
        if item is None:
            raise self._missing(cursor)
        places = self.arg_max(cursor)
        if places is not None:
            return places
        if isinstance(item, Big):
            return self.big(cursor)
        if cursor.is_sign("-") or isinstance(item, Sign):
            raise self._stray(cursor)
        if self._is_one(item):
            found = self._one(cursor)
            if found is not None:
                return found
        slashed = self.slashed_derivative(cursor)
        if slashed is not None:
            return slashed
        made = self._made(cursor)
        if made is not None:
            return made
        if self._is_operator(item):
            return self._operator(cursor)
        if self.is_name(item):
            return self._checked_name(cursor)
        cursor.take()
        return self._composed(item, cursor)

    def _composed(self, item: Node, cursor: Cursor) -> Expr:
        at = item.at
        match item:
            case Numeral(text=text):
                return Num(Ratio(text), at=at)
            case Fraction():
                found = self.derivative(item, cursor)
                if found is not None:
                    return self._indexed(found, cursor)
                top, bottom = item.top, item.bottom
                return Divide(self.expression(top.items, top.at), self.expression(bottom.items, bottom.at), at=at)
            case Fence(opener=r"\lVert"):
                raise self.source.fault(at, "a norm", "its square, \\|x\\|^2", "square it, or write the root of a sum")
            case Fence():
                return self._fence(item, cursor)
            case Boxed(body=body):
                return self.expression(body.items, body.at)
            case Row(items=items):
                return self.expression(items, at)
            case Script():
                return self._script(item, cursor)
            case Grid(environment="cases"):
                return self.cases(item)
            case Grid():
                return self.matrix(item)
        raise self.source.fault(at, f"'{write_latex(item)}'", "an operand", "remove it")

    def _indexed(self, found: Expr, cursor: Cursor) -> Expr:
        r"""`\frac{\partial L}{\partial x}[a]` is an entry of the gradient by the whole x."""
        fence = cursor.item
        if not isinstance(found, Diff) or not isinstance(found.by, Ref):
            return found
        ranks = self.kinds.ranks(found.by.name)
        if (
            not isinstance(fence, Fence)
            or fence.opener != "["
            or has_relation(fence.body)
            or not (ranks and ranks.count)
        ):
            return found
        cursor.take()
        index = self.indices(f"the gradient by {found.by.name}", fence.body, ranks.count)
        if WHOLE_AXIS in index:
            raise self.source.unsupported(fence.at, "a part of a gradient", "name the gradient first, G := ...")
        return At(found, index, at=found.at)

    def _fence(self, fence: Fence, cursor: Cursor) -> Expr:
        body = fence.body
        at = fence.at
        if fence.opener in (r"\lfloor", r"\lceil"):
            return Floor(self.expression(body.items, body.at), fence.opener == r"\lceil", at=at)
        if fence.opener == "[" and has_relation(body):
            return self.indicator(body, at)
        if fence.opener == "(" and cursor.item is not None and self._is_turn(body):
            return Call("rot180", (self._factor(cursor),), at=at)
        pieces = split(body, ",", "|", ";") if fence.opener == r"\{" else split(body, ",")
        if fence.opener == "[" and len(pieces) > 1:
            return self.listed(fence)
        plain = fence.opener in ("(", "[", r"\{")  # braces around one expression are parentheses
        if not plain or (len(pieces) > 1 and fence.opener != "("):
            raise self.source.unsupported(at, f"a list in {fence.opener}", "write the entries by index")
        if len(pieces) > 1:
            return Tuple(tuple(self.expression(p.items, p.at) for p in pieces), at=at)
        if has_relation(body):
            raise self.source.fault(
                at, "a condition in parentheses", "1(...) or [...] around a condition", "write 1(...)"
            )
        inner = self.expression(body.items, body.at)
        if fence.opener == r"\{" and not isinstance(inner, (Add, Total, Biggest, Negate)):
            raise self.source.fault(
                at, f"{write_latex(fence)}, perhaps a set", "braces around a sum", "write parentheses, or an entry"
            )
        follows = cursor.item
        opened = ("[", "(") if self._is_join(inner) else ("[",)  # (f * g)(n) is an entry
        whole = isinstance(follows, Fence) and follows.opener == "(" and self._holds_a_tensor(follows)  # (A B)(C D)
        if isinstance(follows, Fence) and follows.opener in opened and not has_relation(follows.body) and not whole:
            cursor.take()
            rank = RANKS.get(Forms(self.kinds, indices=self.bound).of(inner))
            return At(inner, self.indices("the tensor", follows.body, rank), at=at)
        return inner

    def _is_join(self, expr: Expr) -> bool:
        """Whole tensors joined by a declared sign."""
        return isinstance(expr, Signed) and Forms(self.kinds, indices=self.bound).of(expr) != "number"

    def _is_turn(self, body: Row) -> bool:
        r"""`(\text{rot}180) W`: the operation in brackets before its operand, where no letter of it is declared."""
        letters = [i.name for i in body.items if isinstance(i, Letter)]
        return text_of(body) in ("rot180", "ROT180") and not any(
            self.kinds.known(n) or n in self.bound for n in letters
        )

    def _script(self, item: Script, cursor: Cursor) -> Expr:
        """A bracket with an index or a power: `[X * K]_{i,j}`, `(a + b)^2`."""
        if isinstance(item.base, Fence) and item.base.opener == r"\lVert" and not item.primes:
            return self._norm(item, item.base)
        base = self._composed(item.base, Cursor((), item.at))
        if item.primes:
            raise self.source.fault(item.at, "a prime at a bracket", "an index or a power", "remove it")
        if item.sub is not None:
            base = At(base, self.indices("the tensor", item.sub, None), at=item.at)
        return base if item.sup is None else self._power(base, item.sup, item.at)

    def _norm(self, item: Script, bars: Fence) -> Expr:
        r"""`\|x\|^2`, `\|x\|_2^2`, and `\|W\|_F^2` of a matrix."""
        if text_of(item.sup) != "2" or text_of(item.sub) not in ("", "2", "F"):
            raise self.source.fault(
                item.at, write_latex(item), "the square of a norm, \\|x\\|^2", "write the sum that is meant"
            )
        return SquaredNorm(self.expression(bars.body.items, bars.body.at), at=item.at)

    def _checked_name(self, cursor: Cursor) -> Expr:
        item = cursor.item
        assert item is not None
        head = item.base if isinstance(item, Script) else item
        if isinstance(head, Words) and not self._declared_words(item):
            raise self.source.fault(
                item.at,
                f"the words '{head.text.strip()}'",
                "mathematics, or a declared name",
                "move the words out of the formula",
            )
        if isinstance(head, Letter) and head.name == r"\nabla" and not self.kinds.known(name_key(item)):
            return self.nabla(cursor)
        if isinstance(head, Letter) and head.name in (r"\partial", r"\infty"):
            raise self.source.fault(
                item.at,
                f"{head.name} in this place",
                "\\frac{\\partial L}{\\partial X}",
                "write the derivative as a fraction",
            )
        found = self.named(cursor)
        if isinstance(found, Ref):
            self._refuse_scripted_call(found, cursor)
        return found

    def _refuse_scripted_call(self, name: Ref, cursor: Cursor) -> None:
        """`f(P)_{m,n}` may be an entry of the image f(P), or f times an entry of P."""
        fence = cursor.item
        if not isinstance(fence, Script) or not isinstance(fence.base, Fence) or fence.base.opener not in ("(", "["):
            return
        declared = self.kinds.kind(name.name) is not None or name.name in self.bound
        if fence.sub is not None or not declared:
            raise self.source.fault(
                fence.at,
                f"'{name.name}' before a bracket with scripts, {write_latex(fence)}",
                "a product, an entry or a declared function of whole tensors: they look alike",
                f"write a product with \\cdot, or declare the function: define {name.name}(A) = ...",
            )

    def _declared_words(self, item: Node) -> bool:
        head = item.base if isinstance(item, Script) else item
        return self.kinds.known(name_key(item)) or self.kinds.known(name_key(head))

    # -- indicators and operators ------------------------------------------------------

    def _is_one(self, item: Node) -> bool:
        head = item.base if isinstance(item, Script) else item
        if isinstance(head, Styled):
            return text_of(head.body) == "1"
        return head == Numeral("1")

    def _one(self, cursor: Cursor) -> Expr | None:
        r"""`1(x + u = i)`, `\mathbb{1}_{\{i = j\}}`, `\mathbf{1}[i = j]`."""
        item = cursor.item
        assert item is not None
        below = item.sub if isinstance(item, Script) else None
        if below is not None:
            inner = below.items[0].body if len(below.items) == 1 and isinstance(below.items[0], Fence) else below
            if has_relation(inner):
                cursor.take()
                return self.indicator(inner, item.at)
        follows = cursor.items[cursor.next + 1] if cursor.next + 1 < len(cursor.items) else None
        if isinstance(follows, Fence) and has_relation(follows.body) and below is None:
            cursor.next += 2
            return self.indicator(follows.body, item.at)
        return None

    def _is_operator(self, item: Node) -> bool:
        """A named operation before an argument list: `\\operatorname{pad}(..)`, `\\exp(..)`."""
        head = item.base if isinstance(item, Script) else item
        if not isinstance(head, Words):
            return False
        key = name_key(item)
        return self.kinds.name(key) in PLAIN or self.kinds.op(key) is not None or head.text.strip() in BUILT_IN

    def _operator(self, cursor: Cursor) -> Expr:
        item = cursor.take()
        key = self.kinds.name(name_key(item)).removeprefix("\\")
        fence = cursor.item
        if key in BUILT_IN and not isinstance(fence, Fence):
            return Elementwise({"ln": "log"}.get(key, key), 0, self._one_argument(key, cursor), at=item.at)
        if not isinstance(fence, Fence) or fence.opener not in ("(", r"\{", "["):
            raise self.source.fault(cursor.at, f"{key} without its arguments", "'('", f"write {key}(...)")
        cursor.take()
        if key in BUILT_IN:
            return Elementwise(
                {"ln": "log"}.get(key, key), 0, self.expression(fence.body.items, fence.body.at), at=item.at
            )
        arguments: list[Expr] = []
        options: list[tuple[str, Expr]] = []
        for part in split(fence.body, ",", ";"):
            sides = split(part, "=")
            if len(sides) == 2 and len(sides[0].items) == 1 and isinstance(sides[0].items[0], Words):
                options.append((text_of(sides[0]), self.expression(sides[1].items, sides[1].at)))
            else:
                arguments.append(self.expression(part.items, part.at))
        return Call(PLAIN.get(key, key), tuple(arguments), tuple(options), at=item.at)

    def _one_argument(self, key: str, cursor: Cursor) -> Expr:
        r"""`\log p_i`: one factor, and nothing behind it that could belong to it."""
        argument = self._factor(cursor)
        if cursor.item is not None and not cursor.is_sign("+", "-") and self._tensor_sign(cursor) is None:
            raise self.source.fault(
                cursor.at,
                f"more than one factor behind {key}",
                "parentheses that say how far it reaches",
                f"write {key}(...)",
            )
        return argument

    # -- messages ------------------------------------------------------------------

    def _missing(self, cursor: Cursor) -> LocatedError:
        found = "the end" if cursor.item is None else f"'{write_latex(cursor.item)}'"
        return self.source.fault(cursor.at, found, "an operand", "complete the expression")

    def _stray(self, cursor: Cursor) -> LocatedError:
        item = cursor.item
        assert item is not None
        text = write_latex(item)
        if text == r"\pmod":
            return self.source.fault(item.at, text, r"(a - b) \bmod m = 0", "write the congruence with \\bmod")
        if text == r"\dots":
            return self.source.fault(item.at, "an ellipsis", "a sum with its limits", "write \\sum_{i=...}^{...}")
        return self.source.fault(item.at, f"'{text}'", "an operand", "remove it or complete the expression")


def _is_call(cursor: Cursor) -> bool:
    """An operator name with an argument list behind it."""
    follows = cursor.items[cursor.next + 1] if cursor.next + 1 < len(cursor.items) else None
    return isinstance(follows, Fence) and len(split(follows.body, ",")) > 1


def _product_of(factors: list[Expr], at: int, dotted: Sequence[int]) -> Expr:
    return factors[0] if len(factors) == 1 else Mul(tuple(factors), tuple(dotted), at=at)
