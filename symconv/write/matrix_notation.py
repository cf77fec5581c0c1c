r"""Operations without a name in mathematics: `A B`, `a b^\top`, `X \odot Y`, `f'(z)`, a fraction for a Jacobian.

Each row says how an operation is written from the layouts of its operands; a sum among the factors is
put in parentheses.
"""

from __future__ import annotations

from collections.abc import Callable

from symconv.notation.layout import Fence, Fraction, Letter, Node, Row, Script, Sign, row
from symconv.term.tensor import Call, Defined, Tensor
from symconv.term.value import Function

Write = Callable[[Tensor], Row]
_PARTIAL = Letter(r"\partial")
_TOP = Row((Sign(r"\top"),))
_SIGNS = {"+": "+", "-": "-", "*": r"\odot"}


def nameless(call: Call, write: Write, function: Callable[[str], Node]) -> Row | None:
    """The layout of such an operation, or None for every other; `write` gives that of an operand."""
    match call.operation:
        case "outer" if not _lies(call.operands[1]):
            return row(in_product(call.operands[0], write), _raised(call.operands[1], write))
        case "matmul" | "outer" | "dot":
            return row(*(in_product(t, write) for t in call.operands))
        case "turned":
            return Row((_raised(call.operands[0], write),))
        case "transpose" if call.operands[0].rank == 2:
            return Row((_raised(call.operands[0], write),))
        case "elementwise":
            return _infix(call, write)
        case "apply":
            return _applied(call, write, function)
        case "jacobian":
            return Row((_by(call.operands[0], call.operands[1], write),))
        case "chain":
            upstream, middle, target = call.operands
            return row(write(upstream), _by(middle, target, write))
    return None


def _lies(tensor: Tensor) -> bool:
    """A vector that is a row already."""
    return isinstance(tensor, Defined) and tensor.call is not None and tensor.call.operation == "turned"


def _by(value: Tensor, by: Tensor, write: Write) -> Fraction:
    return Fraction(row(_PARTIAL, write(value)), row(_PARTIAL, write(by)))


def _is_sum(tensor: Tensor) -> bool:
    call = tensor.call if isinstance(tensor, Defined) else None
    return call is not None and (
        call.operation in ("broadcast", "add_bias")
        or (call.operation == "elementwise" and call.option("operation") != "*")
    )


def in_product(tensor: Tensor, write: Write) -> Row:
    """What stands in a product: a sum in parentheses."""
    made = write(tensor)
    return Row((Fence("(", made),)) if _is_sum(tensor) or _is_hadamard(tensor) else made


def _is_hadamard(tensor: Tensor) -> bool:
    call = tensor.call if isinstance(tensor, Defined) else None
    return call is not None and call.operation == "elementwise"


def _raised(tensor: Tensor, write: Write) -> Node:
    made = write(tensor)
    single = len(made.items) == 1 and isinstance(made.items[0], Letter)
    return Script(made.items[0] if single else Fence("(", made), sup=_TOP)


def _infix(call: Call, write: Write) -> Row:
    a, b = call.operands
    sign = Sign(_SIGNS[str(call.option("operation"))])
    close = in_product if sign.text == r"\odot" else (lambda t, w: w(t))
    right = in_product(b, write) if sign.text != "+" else write(b)
    return row(close(a, write), sign, right)


def _applied(call: Call, write: Write, function: Callable[[str], Node]) -> Row:
    f = call.option("function")
    if not isinstance(f, Function):
        raise TypeError(f"no layout of the function {f!r}")
    head = function(f.name)
    return row(Script(head, primes=f.order) if f.order else head, Fence("(", write(call.operands[0])))
