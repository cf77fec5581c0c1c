r"""Names in a row: which letters belong together, and what follows them.

The longest declared name wins; a run of joined letters is one name only if it
is declared.  What stands behind a name is an index list for a tensor, an
argument for a function, and a factor of its own for everything else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction as Ratio

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Accent, Fence, Letter, Node, Numeral, Row, Script, Sign, Styled, Words
from symconv.notation.names import canonical, name_key
from symconv.notation.source import LocatedError
from symconv.read.expression import (
    Access,
    Add,
    At,
    Call,
    Comparison,
    Elementwise,
    Expr,
    Indicator,
    Mul,
    Negate,
    Num,
    Power,
    Ref,
    Slice,
    Transpose,
    rebuild,
)
from symconv.read.library import TURNED
from symconv.read.matrices import Forms
from symconv.read.rows import Cursor, Rows, has_relation, split, text_of, unwrapped

_DERIVATIVE_LIKE = ("d", "\\delta", "\\Delta", "\\nabla")
WHOLE_AXIS = Ref(":")  # X[c,:,:]: no index, the whole axis
_HEADS = (Letter, Accent, Styled, Words)


class Names(Rows):
    """Reads one name with its indices."""

    def is_name(self, item: Node | None) -> bool:
        head = item.base if isinstance(item, Script) else item
        return isinstance(head, _HEADS)

    def named(self, cursor: Cursor) -> Expr:
        """A name and what belongs to it."""
        at = cursor.at
        key, scripts = self._longest(cursor)
        if key in _DERIVATIVE_LIKE and scripts is None and key not in self.bound:
            self._refuse_derivative_like(key, cursor, at)
        if key in self.bound or (self.kinds.kind(key) == "index"):
            if scripts is not None:
                return self._scripted_number(Ref(key, at=at), scripts)
            return Ref(key, at=at)
        name = self.kinds.name(key)
        kind = self.kinds.kind(key)
        if kind == "tensor":
            self._refuse_captured(key, at)
        if kind == "function":
            return self._function(name, scripts, cursor, at)
        if kind == "loss" and scripts is None:
            self._loss_arguments(name, cursor)
        if kind in ("size", "loss"):
            return Ref(name, at=at) if scripts is None else self._scripted_number(Ref(name, at=at), scripts)
        return self._tensor(name, scripts, cursor, at)

    def _loss_arguments(self, name: str, cursor: Cursor) -> None:
        """`L(y)` is L, where y is what its line lists."""
        fence = cursor.item
        if not isinstance(fence, Fence) or fence.opener != "(":
            return
        declared = tuple(map(self.kinds.name, self.kinds.facts.losses[name]))
        parts = split(fence.body, ",", ";")
        if tuple(name_key(part) for part in parts) in self.kinds.facts.spelled.get(name, ()):
            cursor.take()
            return
        said = [self.expression(part.items, part.at) for part in parts]
        if tuple(self.kinds.name(e.name) for e in said if isinstance(e, Ref)) != declared or len(said) != len(declared):
            written = f"{name}({write_latex(fence.body)})"
            raise self.source.fault(
                fence.at,
                written,
                f"{name}({', '.join(declared)}), as declared",
                f"write {name} alone, or correct the loss line, or add alias {written} = {name}",
            )
        cursor.take()

    def _refuse_derivative_like(self, key: str, cursor: Cursor, at: int) -> None:
        """`dX` before anything is known of it may be a gradient, a difference, or d times X."""
        item = cursor.item
        head = item.base if isinstance(item, Script) else item
        declared = self.kinds.kind(key) not in (None, "size")
        joined = isinstance(head, (Styled, Accent)) or (isinstance(head, Letter) and (key != "d" or head.joined))
        if declared or not joined:
            return
        name, _ = self._longest(Cursor(cursor.rest_of(), cursor.at))
        if self.kinds.kind(name) == "tensor":
            raise self.source.fault(
                at,
                f"{key} before the tensor {name}",
                "a declared name",
                f"declare upstream {key}{name} = {name} or tensor {key}{name}[..]; write a product with \\cdot",
            )

    # -- finding the name --------------------------------------------------------

    def _longest(self, cursor: Cursor) -> tuple[str, Script | None]:
        """The longest declared name here, else the first letter; and the scripts not part of it."""
        run = [cursor.item]
        assert run[0] is not None
        for item in cursor.items[cursor.next + 1 :]:
            head = item.base if isinstance(item, Script) else item
            if run == [Letter("d")] and isinstance(head, (Styled, Accent)):  # d\mathbf{X}, if it is declared
                run.append(item)
                break
            if isinstance(run[-1], Script) or not (isinstance(head, Letter) and head.joined):
                break
            run.append(item)
        for length in range(len(run), 0, -1):
            for key, scripts in self._spellings([n for n in run[:length] if n is not None]):
                if self.kinds.known(key) or key in self.bound:
                    cursor.next += length
                    return key, scripts
            found = run[length - 1]
            if isinstance(found, Script) and found.primes:  # f'(x), the derivative of a function
                key = name_key(Row((*(n for n in run[: length - 1] if n), found.base)))
                if self.kinds.kind(key) == "function":
                    cursor.next += length
                    return key, found
        dotted = self._dotted(cursor)
        if dotted is not None:
            return dotted
        cursor.next += 1
        *_, (key, scripts) = _spellings([run[0]])
        return key, scripts

    def _spellings(self, run: list[Node]) -> Iterator[tuple[str, Script | None]]:
        """Possible names; of superscripts with a layer among them, `z^{l-1,h}`, the layer belongs to the name."""
        *front, last = run
        parts = split(last.sup, ",") if isinstance(last, Script) and last.sup is not None else []
        layers = [p for p in parts if self.kinds.facts.is_layer(write_latex(p))]
        if isinstance(last, Script) and 0 < len(layers) < len(parts):
            rest = replace(last, sup=_listed([p for p in parts if p not in layers]))
            key = canonical("".join(map(write_latex, (*front, Script(last.base, None, _listed(layers))))))
            ranks = self.kinds.ranks(key)
            if ranks is not None and ranks.raised == len(parts) - len(layers):
                yield key, rest
        yield from _spellings(run)

    def _dotted(self, cursor: Cursor) -> tuple[str, Script] | None:
        r"""`\dot{f}(x)` is the derivative of a declared function f, of one number as every function is."""
        item = cursor.item
        head = item.base if isinstance(item, Script) else item
        if not isinstance(head, Accent) or head.mark != r"\dot" or len(head.body.items) != 1:
            return None
        bare = head.body.items[0]
        inner = Script(bare, item.sub, item.sup, item.primes) if isinstance(item, Script) else bare
        key = name_key(Row((inner,)))
        if self.kinds.kind(key) != "function":
            return None
        cursor.next += 1
        return key, Script(bare, primes=1, at=head.at)

    # -- what follows --------------------------------------------------------------

    def _function(self, name: str, scripts: Script | None, cursor: Cursor, at: int) -> Expr:
        order = scripts.primes if scripts else 0
        function = self.kinds.facts.functions.get(name, name)
        slope = self.kinds.facts.slopes.get(name)
        raised = scripts.sup if scripts is not None and scripts.sub is None and not scripts.primes else None
        if name == "e" and function == "exp" and raised is not None:
            return Elementwise(function, 0, self.expression(raised.items, raised.at), at=at)
        if function == "kronecker":
            return self._kronecker(name, scripts, at)
        if scripts is not None and (scripts.sub is not None or scripts.sup is not None):
            raise self.source.fault(
                at, f"the function {name} with an index", "its argument in parentheses", f"write {name}(...)"
            )
        fence, power = _raised_fence(cursor.item)
        if fence is None:
            raise self.source.fault(at, f"the function {name} without an argument", "'('", f"write {name}(...)")
        cursor.take()
        argument = self.expression(fence.body.items, fence.body.at)
        made = Elementwise(function, order, argument, at=at) if slope is None else _leaky(slope, order, argument, at)
        return made if power is None else self._power(made, power, at)

    def _kronecker(self, name: str, scripts: Script | None, at: int) -> Expr:
        r"""`\delta_{ij}`: 1 where the two indices are equal, else 0."""
        below = scripts.sub if scripts is not None and scripts.sup is None and not scripts.primes else None
        index = self.indices(name, below, 2) if below is not None else ()
        if len(index) != 2:
            raise self.source.fault(at, f"{name} with {_count(len(index))}", "two indices", f"write {name}_{{i,j}}")
        return Indicator((Comparison("=", *index, at=at),), at=at)

    def _tensor(self, name: str, scripts: Script | None, cursor: Cursor, at: int) -> Expr:
        """An entry, a turned kernel, a power, or the bare name."""
        if self.in_limit and self.kinds.kind(name) is None and scripts is not None and scripts.sup is None:
            label = text_of(scripts.sub)
            if label and label not in self.bound:
                self.kinds.sizes.add(canonical(f"{name}_{{{label}}}"))
                return Ref(canonical(f"{name}_{{{label}}}"), at=at)
        if name == "e" and self.kinds.kind(name) is None and scripts is not None and scripts.sup is not None:
            raise self.source.fault(
                at, f"e^{{{write_latex(scripts.sup)}}}", "exp(..), or e declared", "add a line function e = exp"
            )
        turned = False
        if scripts is not None:
            self._check_label(name, scripts, at)
            turned, scripts = _turned(scripts)
        expr: Expr = Ref(name, at=at)
        ranks = self.kinds.ranks(name)
        index: tuple[Expr, ...] | None = None
        if scripts is not None and scripts.sub is not None:
            index = self.indices(name, scripts.sub, ranks.count - ranks.raised if ranks else None)
        if scripts is not None and scripts.sup is not None:
            if ranks is None or not ranks.raised:
                base = expr if index is None else self._entry(name, index, turned, at)
                return self._power(base, scripts.sup, at)
            raised = self.indices(name, scripts.sup, ranks.raised)
            if index is None and len(raised) == ranks.raised < ranks.count:
                return Slice(name, (None,) * (ranks.count - ranks.raised) + raised, at=at)
            index = (index or ()) + raised
        if index is None and isinstance(cursor.item, Fence):
            index = self._bracketed(name, cursor, bool(ranks and ranks.count))
        elif index is not None and ranks is not None and not ranks.raised and len(index) < ranks.count:
            index = self._label_and_places(name, index, ranks.count, cursor)
        if index is None:
            return Call("rot180", (expr,), at=at) if turned else expr
        together = len(index) == 1 and isinstance(index[0], Ref) and index[0].name in self.unlimited
        if ranks is not None and len(index) != ranks.count and not together:
            raise self.source.ill_formed(
                at,
                f"{name} with {_count(len(index))}",
                f"{ranks.count} ({self.kinds.where(name)})",
                "separate the indices by commas, one an axis (spaces mean nothing in LaTeX)",
            )
        return self._entry(name, index, turned, at)

    def _check_label(self, name: str, scripts: Script, at: int) -> None:
        """`K_{rot}` of a tensor with three axes could be its entry at r, o, t."""
        ranks = self.kinds.ranks(name)
        letters = scripts.sub is not None and all(isinstance(i, Letter) for i in scripts.sub.items)
        if (
            letters
            and text_of(scripts.sub) in TURNED
            and ranks is not None
            and ranks.count == len(text_of(scripts.sub))
        ):
            raise self.source.fault(
                at,
                f"{name}_{{{text_of(scripts.sub)}}}, a label or {ranks.count} indices",
                "one of the two",
                f"write {name}^{{\\text{{rot}}}}, or commas between the indices",
            )

    def _entry(self, name: str, index: tuple[Expr, ...], turned: bool, at: int) -> Expr:
        if WHOLE_AXIS in index:
            if turned:
                raise self.source.unsupported(at, "a part of a turned kernel", "name the turned kernel first")
            return Slice(name, tuple(None if i == WHOLE_AXIS else i for i in index), at=at)
        return At(Call("rot180", (Ref(name, at=at),), at=at), index, at=at) if turned else Access(name, index, at=at)

    def _bracketed(self, name: str, cursor: Cursor, is_tensor: bool) -> tuple[Expr, ...] | None:
        """`x[i, j]` or `x(i, j)`, if that is an index list."""
        fence = cursor.item
        assert isinstance(fence, Fence)
        if fence.opener not in ("(", "[") or has_relation(fence.body):
            return None
        ranks = self.kinds.ranks(name)
        if is_tensor and fence.opener == "(" and self._holds_a_tensor(fence):
            return None  # W (x + u): a product
        if not is_tensor:
            if ranks is not None or name.startswith("\\partial"):
                return None
            if fence.opener == "(":
                raise self.source.fault(
                    fence.at,
                    f"'{name}' before a parenthesis",
                    "a declared name: a call, an entry and a product look alike",
                    f"declare it (tensor {name}[..], size {name} or function {name}), or write a product with \\cdot",
                )
        cursor.take()
        return self.indices(name, fence.body, ranks.count if ranks else None)

    def _holds_a_tensor(self, fence: Fence) -> bool:
        """One whole tensor in parentheses is no index."""
        if len(split(fence.body, ",")) != 1:
            return False
        try:
            inner = self.expression(fence.body.items, fence.body.at)
        except LocatedError:
            return False
        return Forms(self.kinds, indices=self.bound).of(inner) != "number"

    def _label_and_places(self, name: str, label: tuple[Expr, ...], count: int, cursor: Cursor) -> tuple[Expr, ...]:
        """`I_c[x, y]`: a label below, the places in brackets, if together they are as many as declared."""
        fence = cursor.item
        if not isinstance(fence, Fence) or fence.opener != "[" or has_relation(fence.body):
            return label
        places = self.indices(name, fence.body, count - len(label))
        if len(label) + len(places) != count:
            return label
        cursor.take()
        return label + places

    def _made(self, cursor: Cursor) -> Expr | None:
        """`\\mathsf{maxpool}(I)`: the library call that a `define` line gives, with the tensors put in."""
        item = cursor.item
        if item is None or not self.kinds.makers or (key := name_key(item)) not in self.kinds.makers:
            return None
        parameters, body = self.kinds.makers[key]
        cursor.take()
        fence = cursor.item
        parts = split(fence.body, ",") if isinstance(fence, Fence) and fence.opener == "(" else []
        if len(parts) != len(parameters):
            raise self.source.fault(
                item.at,
                f"{key} with {len(parts)} arguments",
                f"{len(parameters)}, as defined",
                f"write {key}({', '.join(parameters)})",
            )
        cursor.take()
        given = {p: self.expression(part.items, part.at) for p, part in zip(parameters, parts, strict=True)}
        made = replace(_filled(body, given), at=item.at)
        follows = cursor.item
        if isinstance(follows, Fence) and follows.opener == "[" and not has_relation(follows.body):
            cursor.take()
            return At(made, self.indices(key, follows.body, None), at=item.at)
        return made

    def _refuse_captured(self, key: str, at: int) -> None:
        """A sum over c around the tensor I_c: the name fixes what the sum binds."""
        labels = {p.strip() for found in re.findall(r"[_^](\{[^{}]*\}|\w)", key) for p in found.strip("{}").split(",")}
        for name in sorted(labels & self.bound):
            raise self.source.ill_formed(
                at,
                f"the index {name}, which the name {key} fixes, bound by a sum",
                "another name for the bound index",
                f"declare {key.split('_')[0].split('^')[0]} with {name} among its indices, or rename the bound {name}",
            )

    def indices(self, name: str, row: Row, count: int | None) -> tuple[Expr, ...]:
        """An index list; letters without commas are split only where the declared count says so."""
        row = unwrapped(row)
        pieces = split(row, ",", ";")
        if len(pieces) == 1 and count == 1:
            self._refuse_letters_of_one(name, pieces[0])
        if len(pieces) == 1 and count != 1:
            atoms = _atoms(pieces[0])
            if atoms is not None and len(atoms) > 1:
                if count is None:
                    raise self.source.fault(
                        row.at,
                        f"{name} with the subscript {write_latex(row)}",
                        "a declared index count: one index or several cannot be told apart",
                        f"write commas, or declare tensor {name}[{',' * (len(atoms) - 1)}]",
                    )
                if len(atoms) == count:
                    pieces = atoms
        for piece in pieces:
            if not piece.items:
                raise self.source.ill_formed(
                    piece.at, f"an empty index of {name}", "an index", "fill it in or remove the comma"
                )
        return tuple(
            WHOLE_AXIS if piece.items == (Sign(":"),) else self.expression(piece.items, piece.at) for piece in pieces
        )

    def _refuse_letters_of_one(self, name: str, piece: Row) -> None:
        """`x_{ij}` of a vector: two indices, or a product of which neither letter is known as a size."""
        atoms = _atoms(piece) or []
        letters = [name_key(a) for a in atoms if not isinstance(a.items[0], Numeral)]
        if len(letters) < 2 or any(self.kinds.kind(letter) == "size" for letter in letters):
            return
        raise self.source.fault(
            piece.at,
            f"{name} with the subscript {write_latex(piece)}, and one index",
            "one index, or a product with a declared size",
            f"declare size {letters[0]}, or write the one index that is meant",
        )

    def _scripted_number(self, base: Ref, scripts: Script) -> Expr:
        """A size or an index with scripts can only be a power."""
        if scripts.sup is None or scripts.sub is not None or scripts.primes:
            raise self.source.fault(
                base.at,
                f"{base.name} with a subscript or prime",
                f"{base.name} alone, or a declared name",
                "declare the whole name",
            )
        return self._power(base, scripts.sup, base.at)

    def _power(self, base: Expr, sup: Row, at: int) -> Expr:
        text = text_of(sup)
        if len(sup.items) == 1 and isinstance(sup.items[0], Numeral) and text.isdigit() and 1 <= int(text) <= 9:
            return Power(base, int(text), at=at)
        if self._is_transpose(sup):
            return self._transposed(base, at)
        if not isinstance(base, (Ref, Access, At)):
            raise self.source.fault(
                sup.at,
                f"the exponent {write_latex(sup)}",
                "a number from 1 to 9",
                "write cases, or a sum of conditions",
            )
        raise self.source.fault(
            sup.at,
            f"the superscript {write_latex(sup)}",
            "a power from 1 to 9, a declared superscript index, or part of a declared name",
            "declare the name with its label, or the superscript index",
        )

    def _is_transpose(self, sup: Row) -> bool:
        r"""`W^T`, `W^\top`, `W^{\mathsf{T}}`: a T that nothing declares."""
        only = sup.items[0] if len(sup.items) == 1 else None
        if only == Sign(r"\top"):
            return True
        letter = text_of(only.body) if isinstance(only, Styled) else text_of(only)
        ranks = self.kinds.ranks("T")
        number = self.kinds.known("T") and not (ranks is not None and ranks.count)
        return letter == "T" and not number and "T" not in self.bound

    def _transposed(self, base: Expr, at: int) -> Expr:
        """`W^T_{i,j}` is an entry of the transpose; of a number there is none."""
        if isinstance(base, Access):
            return At(Transpose(Ref(base.name, at=at), at=at), base.index, at=at)
        return At(Transpose(base.tensor, at=at), base.index, at=at) if isinstance(base, At) else Transpose(base, at=at)


def _spellings(run: list[Node]) -> Iterator[tuple[str, Script | None]]:
    """Possible names for a run of letters, with the scripts that each leaves over."""
    *front, last = run
    if not isinstance(last, Script):
        yield canonical("".join(map(write_latex, run))), None
        return

    def key(node: Node) -> str:
        return canonical("".join(write_latex(n) for n in (*front, node)))

    choices = [(True, True), (True, False), (False, True), (False, False)]
    for with_sub, with_sup in choices:
        if (with_sub and last.sub is None) or (with_sup and last.sup is None):
            continue
        sub, sup = (last.sub if with_sub else None), (last.sup if with_sup else None)
        left = Script(last.base, None if with_sub else last.sub, None if with_sup else last.sup, 0, at=last.at)
        bare = not (sub or sup or last.primes)
        rest = left if (left.sub or left.sup) else None
        yield key(last.base if bare else Script(last.base, sub, sup, last.primes)), rest


def _leaky(slope: Ratio | str, order: int, argument: Expr, at: int) -> Expr:
    """s x + (1 - s) relu(x), and s + (1 - s) relu'(x) where it is differentiated: s at the kink."""
    number: Expr = Num(slope, at=at) if isinstance(slope, Ratio) else Ref(slope, at=at)
    rest = Add((Num(Ratio(1), at=at), Negate(number, at=at)), at=at)
    below = Mul((number, argument), at=at) if not order else number if order == 1 else Num(Ratio(0), at=at)
    return Add((below, Mul((rest, Elementwise("relu", order, argument, at=at)), at=at)), at=at)


def _listed(parts: list[Row]) -> Row:
    """Rows with commas between them."""
    items = [item for part in parts for item in (Sign(","), *part.items)][1:]
    return Row(tuple(items), at=parts[0].at)


def _raised_fence(item: Node | None) -> tuple[Fence | None, Row | None]:
    """The argument of a function, and the power that stands behind it: `f(x)^2`."""
    base, power = (item.base, item.sup) if isinstance(item, Script) and item.sub is None else (item, None)
    return (base, power) if isinstance(base, Fence) and base.opener == "(" else (None, None)


def _turned(scripts: Script) -> tuple[bool, Script | None]:
    """Take away a label that says "turned by 180 degrees"."""
    sub = None if text_of(scripts.sub) in TURNED else scripts.sub
    sup = None if text_of(scripts.sup) in TURNED else scripts.sup
    found = (sub is None) != (scripts.sub is None) or (sup is None) != (scripts.sup is None)
    if sub is None and sup is None:
        return found, None
    return found, replace(scripts, sub=sub, sup=sup)


def _atoms(row: Row) -> list[Row] | None:
    """The letters and digits of `ij` or `11` one by one; None if anything else stands there."""
    atoms: list[Node] = []
    for item in row.items:
        if isinstance(item, Numeral) and item.text.isdigit():
            atoms += [Numeral(d, at=item.at + n) for n, d in enumerate(item.text)]
        elif isinstance(item, Letter) or (isinstance(item, Script) and item.sub is None and item.sup is None):
            atoms.append(item)
        else:
            return None
    return [Row((a,), at=a.at) for a in atoms]


def _filled(expr: Expr, given: dict[str, Expr]) -> Expr:
    """A body with arguments in the place of its parameters."""
    if isinstance(expr, Ref) and expr.name in given:
        return given[expr.name]
    return rebuild(expr, lambda e: _filled(e, given))


def _count(n: int) -> str:
    return "1 index" if n == 1 else f"{n} indices"
