r"""Matrices, lists and window signs: `\begin{bmatrix} .. \end{bmatrix}`, `[a, b, 0]`, `w \boxplus_{r,c}^{ave} V`.

Matrices side by side are multiplied, and so are lists with a dot between them; every other product of the two is
refused.  A window sign stands before the image that it pools or expands, its window below it.
"""

from __future__ import annotations

from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Fence, Grid, Node, Row, Script, Sign
from symconv.notation.names import name_key
from symconv.read.expression import Add, Array, Expr, Mul, Windowed
from symconv.read.facts import WINDOWS
from symconv.read.rows import Cursor, Rows, split

MATRICES = ("bmatrix", "pmatrix")


class Arrays(Rows):
    """Reads numbers that stand in rows and columns, and the signs that work on windows."""

    def _factor(self, cursor: Cursor) -> Expr:
        raise NotImplementedError

    # -- matrices and lists --------------------------------------------------------

    def matrix(self, grid: Grid) -> Expr:
        """Rows of entries, each given; another environment may be a table or a determinant."""
        if grid.environment not in MATRICES:
            raise self.source.fault(
                grid.at,
                f"an environment {grid.environment}, perhaps a table or a determinant",
                "a matrix in brackets",
                "write \\begin{bmatrix} .. \\end{bmatrix}",
            )
        if len({len(row) for row in grid.rows}) != 1:
            raise self.source.ill_formed(
                grid.at, "rows of different lengths", "a matrix with as many entries in each row", "add the entries"
            )
        return Array(tuple(tuple(self._cell(cell) for cell in row) for row in grid.rows), at=grid.at)

    def _cell(self, cell: Row) -> Expr:
        dots = [i for i in cell.items if i in (Sign(r"\vdots"), Sign(r"\ddots"), Sign(r"\dots"))]
        if dots or not cell.items:
            found = f"{write_latex(dots[0])} in a matrix" if dots else "an empty cell"
            raise self.source.fault(
                dots[0].at if dots else cell.at, found, "every entry written out", "fill it in, 0 where nothing stands"
            )
        return self.expression(cell.items, cell.at)

    def listed(self, fence: Fence) -> Expr:
        """`[y, x, 0]`: a vector."""
        pieces = split(fence.body, ",")
        return Array((tuple(self.expression(p.items, p.at) for p in pieces),), True, at=fence.at)

    def array_product(self, left: Array, right: Array, sign: str, at: int) -> Expr:
        """Rows times columns; of two lists with a dot the sum of the products."""
        if left.line and right.line and sign == r"\cdot":
            return self._sum_of_products(left.rows[0], right.rows[0], at)
        if left.line or right.line or sign == r"\times":
            raise self.source.fault(
                at,
                f"a product of two {'lists' if left.line and right.line else 'arrays'} {'by ' + sign if sign else ''}",
                "matrices side by side, or lists with \\cdot between them",
                "write the sum by its entries",
            )
        columns = list(zip(*right.rows, strict=True))
        rows = tuple(tuple(self._sum_of_products(row, column, at) for column in columns) for row in left.rows)
        return rows[0][0] if len(rows) == len(columns) == 1 else Array(rows, at=left.at)

    def _sum_of_products(self, left: tuple[Expr, ...], right: tuple[Expr, ...], at: int) -> Expr:
        if len(left) != len(right):
            raise self.source.ill_formed(
                at, f"{len(left)} numbers times {len(right)}", "as many on both sides", "correct one of the two"
            )
        terms = tuple(Mul((a, b), at=at) for a, b in zip(left, right, strict=True))
        return terms[0] if len(terms) == 1 else Add(terms, at=at)

    # -- window signs --------------------------------------------------------------

    def window_sign(self, item: Node | None) -> str | None:
        """The declared sign, its window left away."""
        if not isinstance(item, Script) or not isinstance(item.base, Sign):
            return None
        key = name_key(Script(item.base, None, item.sup)) if item.sup is not None else item.base.text
        fact = self.kinds.op(key)
        return key if fact is not None and fact.meaning in WINDOWS else None

    def windowed(self, cursor: Cursor) -> Expr:
        r"""`\boxplus_{r,c}^{ave} V`: the one operand behind the sign."""
        item = cursor.take()
        assert isinstance(item, Script)
        key = self.window_sign(item)
        fact = self.kinds.op(key or "")
        assert fact is not None
        if item.sub is None:
            raise self.source.fault(
                item.at, f"{key} without its window", "the window below the sign", f"write {key}_{{r,c}}"
            )
        window = tuple(self.expression(p.items, p.at) for p in split(item.sub, ","))
        if cursor.item is None:
            raise self.source.fault(item.at, f"{key} of nothing", "an image behind it", "complete the formula")
        body = self._factor(cursor)
        if cursor.item is not None and not cursor.is_sign("+", "-"):
            raise self.source.fault(
                cursor.at, f"more than one operand behind {key}", "one, or parentheses", "put them in parentheses"
            )
        return Windowed(fact.meaning, window, body, at=item.at)
