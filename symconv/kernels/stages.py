"""Cut a tensor into stages: every definition becomes an array, computed once.

The forward stages follow the definitions.  The stages of a gradient follow
them backwards: each one takes the derivative of ONE definition by one of its
operands, derived by `gradient` from that definition, and contributions of
several paths are added.  After the cut, formulas read leaves only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from symconv.calculus.gradient import gradient
from symconv.kernels.nest import Nest, nests_of
from symconv.term.polynomial import Poly
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Derivative, Entry, Function, Maximum, Value, add, walk


@dataclass(frozen=True, slots=True)
class Stage:
    """One array to compute: `formula` over leaves, its nests, or the maximum that it is."""

    target: Leaf
    title: str
    formula: Defined
    nests: tuple[Nest, ...]

    @property
    def maximum(self) -> Maximum | None:
        return self.formula.body if isinstance(self.formula.body, Maximum) else None

    def reads(self) -> Iterator[Leaf]:
        """The arrays that this stage needs."""
        if self.maximum is not None:
            yield from (t for t in tensors_in(self.formula.body) if isinstance(t, Leaf))
            return
        for nest in self.nests:
            heads = [f.head.tensor for f in nest.factors]
            values = [w.function.body for w in nest.winners]
            for tensor in heads:
                if isinstance(tensor, Leaf):
                    yield tensor
                elif isinstance(tensor, Defined):
                    values.append(tensor.body)
            for value in values:
                yield from (t for t in tensors_in(value) if isinstance(t, Leaf))


@dataclass(frozen=True, slots=True)
class Program:
    """The stages in the order in which they run; the last one is the result, or there are several by name."""

    tensor: Defined
    stages: tuple[Stage, ...]
    several: tuple[Leaf, ...] = ()

    @property
    def result(self) -> Leaf:
        return self.stages[-1].target

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The arrays that must be given, in the order of first use."""
        made = {stage.target for stage in self.stages}
        return tuple(dict.fromkeys(t for stage in self.stages for t in stage.reads() if t not in made))


def program_of(tensor: Defined) -> Program:
    """The stages that a tensor needs, and no others."""
    cut = _Cut()
    target = cut.array(tensor)
    ordered: dict[Leaf, Stage] = {}
    cut.order(target, ordered)
    return Program(tensor, tuple(ordered.values()))


def program_of_all(tensor: Defined, others: Iterable[Defined]) -> Program:
    """The stages that several tensors need, what they share computed once; the first one's sizes hold for all."""
    cut = _Cut()
    targets = tuple(cut.array(t) for t in (tensor, *others))
    ordered: dict[Leaf, Stage] = {}
    for target in targets:
        cut.order(target, ordered)
    return Program(tensor, tuple(ordered.values()), targets)


@dataclass(slots=True)
class _Cut:
    arrays: dict[Tensor, Leaf] = field(default_factory=dict)
    formulas: dict[Leaf, Defined] = field(default_factory=dict)
    titles: dict[Leaf, str] = field(default_factory=dict)
    known: dict[Defined, Leaf] = field(default_factory=dict)

    def order(self, target: Leaf, ordered: dict[Leaf, Stage]) -> None:
        """Put the stages behind a target in order, the target's own last."""
        if target in ordered or target not in self.formulas:
            return
        formula = self.formulas[target]
        plain = isinstance(formula.body, Maximum)
        stage = Stage(target, self.titles[target], formula, () if plain else tuple(nests_of(formula)))
        for read in stage.reads():
            self.order(read, ordered)
        ordered[target] = stage

    def array(self, tensor: Tensor) -> Leaf:
        """The leaf that stands for a tensor's array."""
        if isinstance(tensor, Leaf):
            return tensor
        if tensor not in self.arrays:
            if isinstance(tensor, Defined) and is_gradient(tensor):
                self.arrays[tensor] = self._backward(tensor)
            elif isinstance(tensor, Defined):
                self.arrays[tensor] = self._stage(self._local(tensor), _short(tensor))
        return self.arrays[tensor]

    def _stage(self, formula: Defined, title: str) -> Leaf:
        """A formula's array; equal formulas have one."""
        if formula not in self.known:
            leaf = Leaf(f"%{len(self.formulas)} {title}", formula.axes)
            self.known[formula], self.formulas[leaf], self.titles[leaf] = leaf, formula, title
        return self.known[formula]

    def _local(self, tensor: Defined) -> Defined:
        """The definition with the definitions that it reads as leaves."""
        if is_gradient(tensor) or any(isinstance(v, Derivative) for v in walk(tensor.body)):
            return tensor
        images: dict[Tensor, Tensor] = {t: self.array(t) for t in _operands(tensor.body)}
        body = replace_tensors(tensor.body, images)
        return Defined(tensor.name, tensor.parameters, tensor.axes, body, None, tensor.requires)

    # -- reverse accumulation ------------------------------------------------

    def _backward(self, tensor: Defined) -> Leaf:
        f, x, *rest = tensor.call.operands if tensor.call else ()
        between = _between(f, x)
        if not between or x in _operands_of_gradients(between):
            return self._stage(tensor, f"gradient by {_short(x)}")
        adjoints: dict[Tensor, list[Leaf]] = {t: [] for t in (*between, x)}
        if rest:
            adjoints[f].append(self.array(rest[0]))
        for node in between:
            up = self._sum(adjoints[node], node) if adjoints[node] else None  # None: the loss itself
            local = self._local(node)
            for operand in [*(t for t in between if t in _reads(node)), *([x] if x in _reads(node) else [])]:
                part = gradient(local, self.array(operand), up)
                adjoints[operand].append(self._stage(part, f"gradient by {_short(operand)}"))
        return self._sum(adjoints[x], x)

    def _sum(self, parts: list[Leaf], tensor: Tensor) -> Leaf:
        """The sum of the contributions to one adjoint."""
        if len(parts) == 1:
            return parts[0]
        names = tuple(f"i{n}" for n in range(tensor.rank))
        index = tuple(map(Poly.of, names))
        body = add(*(part[index] for part in parts))
        return self._stage(Defined("sum", names, tensor.axes, body), f"gradient by {_short(tensor)}")


def _short(tensor: Tensor) -> str:
    """A name for an array: the operation that made it, without its operands."""
    call = tensor.call if isinstance(tensor, Defined) else None
    if call is None:
        return tensor.name
    function = dict(call.options).get("function")
    return function.name if isinstance(function, Function) else call.operation


def is_gradient(tensor: Tensor) -> bool:
    """Whether a tensor was made by `gradient`."""
    return isinstance(tensor, Defined) and tensor.call is not None and tensor.call.operation == "gradient"


def _operands(value: Value) -> list[Tensor]:
    """The definitions that a value reads, those without ends looked through."""
    found: dict[Tensor, None] = {}
    for node in walk(value):
        if isinstance(node, Entry) and isinstance(node.tensor, Defined):
            if all(axis.bounded for axis in node.tensor.axes):
                found[node.tensor] = None
            else:
                found.update(dict.fromkeys(_operands(node.tensor.body)))
    return list(found)


def _reads(node: Tensor) -> list[Tensor]:
    """The tensors, leaves too, that a definition reads itself, in order of first use."""
    found: dict[Tensor, None] = {}
    for value in walk(node.body) if isinstance(node, Defined) else ():
        if isinstance(value, Entry):
            if isinstance(value.tensor, Defined) and not all(axis.bounded for axis in value.tensor.axes):
                found.update(dict.fromkeys(_reads(value.tensor)))
            else:
                found[value.tensor] = None
    return list(found)


def _between(f: Tensor, x: Tensor) -> list[Defined]:
    """The definitions from f down to x, x left out, each before what it reads."""
    done: dict[Tensor, None] = {}

    def visit(node: Tensor) -> None:
        if node == x or node in done or not isinstance(node, Defined):
            return
        if x not in set(tensors_in(node.body)):
            return
        for operand in _reads(node):
            visit(operand)
        done[node] = None

    visit(f)
    return [t for t in reversed(done) if isinstance(t, Defined)]


def _operands_of_gradients(between: list[Defined]) -> set[Tensor]:
    """Everything below a gradient among these definitions: second derivatives are not cut."""
    return {t for node in between if is_gradient(node) for t in tensors_in(node.body)}


__all__ = ["Program", "Stage", "is_gradient", "program_of", "program_of_all"]
