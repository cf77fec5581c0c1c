r"""A linear map as a matrix: T with vec(F) = T vec(X).

Column q of T is what the q-th entry of X does alone; so entry (p, q) is the derivative of the p-th output by the q-th
input.  For a correlation that is the Toeplitz matrix, given by the formula of its entry.
"""

from __future__ import annotations

from symconv.answers.answer import Answer, Fact
from symconv.errors import ShapeError
from symconv.evidence import judge_tensors
from symconv.ops.matrix import Order, matmul, toeplitz, unflatten, vec
from symconv.responses import linearity
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, define, tensors_in
from symconv.term.value import Derivative, Value
from symconv.write.latex import latex_of_tensor

RULES = {"columns": "columns below each other", "rows": "rows behind each other"}


def matrix(f: Defined, x: Tensor, order: Order = "columns") -> Answer:
    r"""The matrix that takes vec(x) to vec(f), and the proof that it does; the gradient goes back by its transpose.

    >>> import symconv as sc
    >>> n, r = sc.sizes("n r")
    >>> X = sc.tensor("X", n)
    >>> answer = matrix(sc.correlate(X, sc.tensor("K", r)).term, X.term)
    >>> print(answer.facts[0].latex)
    T_{p, q} = K_{q-p}
    >>> answer.proved
    True
    """
    place = f"the matrix of {f.name} by {x.name}"
    if not isinstance(x, Leaf) or x not in set(tensors_in(f.body)):
        raise ShapeError(place, f"{x.name}, which is no data of {f.name}", "data that it is made of", "name a leaf")
    linear = linearity(f, x)[-1]
    if not linear:
        raise ShapeError(
            place,
            f"linearity {linear}",
            f"{f.name} linear in {x.name}, without a constant",
            "take away the bias, or another tensor",
        )
    t = _toeplitz(f, x, order) or _by_derivatives(f, x, order)
    whole = judge_tensors(vec(f, order), matmul(t, vec(x, order)))
    if not whole:
        raise ShapeError(place, f"vec({f.name}) = T vec({x.name}): {whole}", "a proof", "take another operation")
    rows, columns = (f"vec({name})" for name in (f.name, x.name))
    return Answer(
        f"the matrix of ${f.name}$ by ${x.name}$",
        (
            Fact(
                "entry",
                "What does one entry of the input do to one output?",
                f"Row $p$ is an output and column $q$ an input, {RULES[order]}. Entry $(p, q)$ is the weight by which "
                f"input $q$ counts in output $p$; zero where the window does not reach it.",
                latex_of_tensor(t),
                judged=False,
            ),
            Fact(
                "product",
                f"Why is `{rows}` the product of T with `{columns}`?",
                "Each output is the sum of all inputs with these weights.",
                rf"\operatorname{{vec}}({f.name}) = T \operatorname{{vec}}({x.name})",
                whole,
                judged=False,
            ),
        ),
        (f, x),
        (f"vec {order}",),
        drawn=None if isinstance(t.body, Derivative) else t,
    )


def _toeplitz(f: Defined, x: Tensor, order: Order) -> Defined | None:
    call = f.call
    if call is None or call.operation != "correlate" or call.operands[0] != x or f.rank > 2:
        return None
    options = {name: value for name, value in call.options if name in ("stride", "padding", "dilation")}
    return _named(toeplitz(call.operands[1], x.shape, order=order, **options))


def _by_derivatives(f: Defined, x: Tensor, order: Order) -> Defined:
    def entry(p: Poly, q: Poly) -> Value:
        output, source = unflatten(p, f.shape, order), unflatten(q, x.shape, order)
        return Derivative(f[output], x[source])

    rows, columns = vec(f, order).shape[0], vec(x, order).shape[0]
    return define("T", (rows, columns), entry, indices=("p", "q"))


def _named(t: Defined) -> Defined:
    return Defined("T", t.parameters, t.axes, t.body, None, t.requires)
