"""What the names under one block stand for, once it is settled: sizes, tensors, losses.

Reading fills the world in one direction: sizes, then extents, then tensors in
the order of their definitions.  What is inferred is written down with its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction

from symconv.calculus import counting
from symconv.calculus.gradient import gradient
from symconv.errors import DependenceError, SymconvError
from symconv.notation.source import Source
from symconv.read.beyond import GOES_ON
from symconv.read.claims import Inferred
from symconv.read.expression import Expr
from symconv.read.facts import Facts
from symconv.read.kinds import Kinds, Vectors
from symconv.read.parsing import Sentence
from symconv.read.rates import Rates
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf, Outside, Tensor, define, tensors_in
from symconv.term.value import Condition, Entry, Value, add


@dataclass
class World:
    """The settled names of one block."""

    facts: Facts
    kinds: Kinds
    base: int = 0
    given: dict[str, dict[tuple[int, ...], Fraction]] = field(default_factory=dict)  # numbers of leaves, by name
    literal: bool = False  # of a text that was printed from a term: limits are meant as they stand
    orders: dict[str, tuple[str, int]] = field(default_factory=dict)  # of signs declared without one, and the line
    vectors: Vectors | None = "columns"  # None: they stand as columns here and as rows there
    sizes: dict[str, Poly] = field(default_factory=dict)  # a size, or what a formula of the text says it is
    size_formulas: dict[str, Sentence] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    axes: dict[str, tuple[Axis, ...]] = field(default_factory=dict)
    kernels: set[str] = field(default_factory=set)
    index_names: set[str] = field(default_factory=set)
    inferred: list[Inferred] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)  # tensors whose formula is not understood, and its line
    stands: dict[str, Expr] = field(default_factory=dict)  # names of index expressions
    hypotheses: list[Condition] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=dict)  # of gradients, by their names: what they differentiate by
    rates: Rates = field(default_factory=Rates)
    assumed: dict[str, str] = field(default_factory=dict)  # what lines assume of data, by the names of the tensors
    gradients: dict[tuple[str, str], Tensor] = field(default_factory=dict)

    def note(self, line: int, text: str) -> None:
        fact = Inferred(line, text)
        if fact not in self.inferred:
            self.inferred.append(fact)

    def outside(self, name: str) -> Outside:
        return "zero" if self.facts.outside_of.get(name, self.facts.outside) == "zero" else "error"

    @property
    def something_goes_on(self) -> bool:
        return not {self.facts.outside, *self.facts.outside_of.values()}.isdisjoint(GOES_ON)

    def goes_on(self, name: str) -> str | None:
        """How a tensor goes on beyond its ends, if it does; a gradient goes on as its tensor."""
        name = self.targets.get(name, name)
        said = self.facts.outside_of.get(name, self.facts.outside)
        return said if said in GOES_ON else None

    @property
    def x_first(self) -> bool:
        """`axes x-y`: the first index of a picture counts its columns."""
        return self.facts.conventions.get("axes") == "x-y"

    # -- sizes ---------------------------------------------------------------------

    def quantity(self, name: str, source: Source, at: int) -> Poly:
        """`size H_F = rows F`: an extent of a tensor that is known by now."""
        what, of = self.facts.quantities[name]
        if what in ("multiplications", "additions", "parameters"):
            return self._counted(what, [self.tensor(t, source, at) for t in of.split()])
        if what == "receptive_field":
            return self._receptive_field([self.tensor(t, source, at) for t in of.split()], source, at)
        tensor = self.tensor(of, source, at)
        rows, columns = (tensor.rank - 1, tensor.rank - 2) if self.x_first else (tensor.rank - 2, tensor.rank - 1)
        number = {"rows": rows, "columns": columns, "channels": tensor.rank - 3, "length": 0}[what]
        if number < 0 or (what == "length" and tensor.rank != 1):
            raise source.fault(
                at,
                f"the {what} of {of}, which has {tensor.rank} axes",
                "a tensor with such an axis",
                f"mend the line size {name}",
            )
        return tensor.shape[number]

    def _counted(self, what: str, tensors: list[Tensor]) -> Poly:
        """`count P = multiplications F`, read off the definitions; of parameters how many numbers the tensors hold."""
        if what == "parameters":
            return counting.parameters(tensors)
        return counting.multiplications(tensors[0]) if what == "multiplications" else counting.additions(tensors[0])

    def _receptive_field(self, named: list[Tensor], source: Source, at: int) -> Poly:
        """`count R = receptive_field F`: how many positions of its image, or of the tensor named, one entry reads."""
        f, *given = named
        data = given or [
            t for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf) and t.rank and not self.is_kernel(t)
        ]
        if len(data) != 1:
            names = ", ".join(t.name for t in data) or "none"
            raise source.fault(
                at,
                f"the receptive field of {f.name} in one of {names}",
                "one tensor that it reads",
                f"name it: count R = receptive_field {f.name} X",
            )
        try:
            widths = {width for width in counting.receptive_field(f, data[0]) if width != 1}
        except SymconvError as problem:
            raise source.ill_formed(
                at, f"{problem.place}: {problem.found}", problem.expected, problem.change
            ) from problem
        if len(widths) > 1:
            shown = ", ".join(sorted(map(str, widths)))
            raise source.fault(
                at,
                f"the receptive field of {f.name} in {data[0].name}, which is {shown} on its axes",
                "one number",
                "state it of a layer with one axis",
            )
        return widths.pop() if widths else Poly.of(1)

    # -- tensors -------------------------------------------------------------------

    def tensor(self, name: str, source: Source, at: int) -> Tensor:
        """The tensor of a name: a definition, free data, or an upstream gradient."""
        name = self.kinds.name(name)
        if name in self.tensors:
            return self.tensors[name]
        if name in self.facts.upstream:
            return self.by_loss(self.facts.upstream[name], source, at)
        if name in self.unread:
            raise source.fault(
                at,
                f"{name}, whose formula in line {self.unread[name]} is not understood",
                "a definition that can be read",
                "mend that formula, or ignore it",
            )
        if name == r"\delta" and name not in self.facts.tensors:
            raise source.fault(
                at,
                "\\delta, which may be Kronecker's sign or a tensor",
                "a condition, or a declared name",
                "write 1(i = j), or declare tensor \\delta[..] or upstream \\delta = ..",
            )
        if name in self.axes:
            self.tensors[name] = Leaf(name, self.axes[name], self.outside(name))
            return self.tensors[name]
        if self.kinds.kind(name) == "tensor":
            raise source.fault(
                at, f"{name}, whose extents are open", "extents", f"declare them: tensor {name}[H,W], or define {name}"
            )
        raise source.fault(
            at, f"the name {name}", "a declared name", f"declare it: tensor {name}[..], size {name}, or scalar {name}"
        )

    def by_loss(self, name: str, source: Source, at: int, loss: str | None = None) -> Tensor:
        """dL/dT: free data for what the loss depends on directly, derived for everything else."""
        name = self.kinds.name(name)
        loss = self._loss(name, source, at) if loss is None else loss
        if loss in self.unread:
            raise source.fault(
                at,
                f"{loss}, whose formula in line {self.unread[loss]} is not understood",
                "a definition that can be read",
                "mend that formula, or ignore it",
            )
        key = (loss, name)
        if key not in self.gradients:
            self.gradients[key] = self._by_loss(loss, name, source, at)
        return self.gradients[key]

    def _loss(self, name: str, source: Source, at: int) -> str:
        if len(self.facts.losses) != 1:
            raise source.fault(
                at,
                f"the gradient by {name} with {len(self.facts.losses)} losses declared",
                "one loss",
                "declare loss L(y)",
            )
        return next(iter(self.facts.losses))

    def _by_loss(self, loss: str, name: str, source: Source, at: int) -> Tensor:
        target = self.tensor(name, source, at)
        if loss in self.tensors:  # by its formula, not free
            return self._by_formula(loss, target, source, at)
        arguments = [self.kinds.name(a) for a in self.facts.losses[loss]]
        label = f"d{loss}/d{name}"
        self.targets[label] = name
        if name in arguments:
            self.rates.leaves.add(label)
            return Leaf(label, target.axes, self.outside(name))
        parts: list[Defined] = []
        for argument in arguments:
            f = self.tensor(argument, source, at)
            g = self.by_loss(argument, source, at, loss)
            self.rates.refuse_in(f, source, at)
            try:
                parts.append(gradient(f, target, g))
            except DependenceError:
                continue
        if not parts:
            raise source.ill_formed(
                at,
                f"the derivative of {loss} by {name}",
                f"a tensor that {', '.join(arguments)} depends on",
                f"define {arguments[0]} by a formula in {name}, or list {name} in the loss line",
            )
        if len(parts) == 1:
            return replace(parts[0], name=label, outside=self.outside(name))

        def entry(*index: Poly) -> Value:
            return add(*(part[index] for part in parts))

        return replace(define(label, target.axes, entry, indices=parts[0].parameters), outside=self.outside(name))

    def _by_formula(self, loss: str, target: Tensor, source: Source, at: int) -> Tensor:
        self.rates.refuse_in(self.tensors[loss], source, at)
        try:
            made = gradient(self.tensors[loss], target)
        except SymconvError as problem:
            raise source.ill_formed(
                at, f"{problem.place}: {problem.found}", problem.expected, problem.change
            ) from problem
        return replace(made, name=f"d{loss}/d{target.name}", outside=self.outside(target.name))

    def is_kernel(self, tensor: Tensor) -> bool:
        """A tensor that the document uses as a kernel, or such a one turned."""
        if isinstance(tensor, Defined) and tensor.call and tensor.call.operation in ("rot180", "flip"):
            return self.is_kernel(tensor.call.operands[0])
        return tensor.name in self.kernels

    def depends(self, value: Value, tensor: Tensor) -> bool:
        return tensor in set(tensors_in(value))
