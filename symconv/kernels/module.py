"""A whole module: docstring, functions, helpers, the referee's loops, the self-test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from textwrap import wrap

from symconv.errors import ExportError
from symconv.kernels.cases import small_sizes, value_at
from symconv.kernels.functions import FunctionWriter, Interface, Written
from symconv.kernels.helpers import helper_names, helper_source, imports, used_helpers
from symconv.kernels.layout import WIDTH, wrapped
from symconv.kernels.naming import Names, identifier
from symconv.kernels.referee import Referee
from symconv.kernels.schedules.identities import IDENTITIES
from symconv.kernels.stages import Program, program_of, program_of_all
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Defined, Leaf, Tensor, requirements_of, sizes_in, tensors_in
from symconv.term.value import Apply, Entry, Function, Reciprocal, walk

OWN_NAMES = (
    "step",
    "part",
    *(
        "forward",
        "upstream",
        "self_test",
        "main",
        "CASES",
        "CHECKS",
        "FUNCTIONS",
        "DESCRIPTION",
        "SECONDS",
        "MOST",
        "compared",
    ),
    *("out", "threads"),
)
# the helpers that a schedule's theorem stands behind
SCHEDULES = {
    "direct": ("_direct",),
    "taps": ("_direct_taps",),
    "spread taps": ("_spread_taps",),
    "shifted": ("_shifted",),
    "side by side": ("_side_by_side",),
    "tiles": ("_winograd", "_winograd_taps"),
    "toeplitz": ("_toeplitz",),
    "sub-images": ("_sub_images",),
    "fourier": ("_fourier",),
    "adjoint": ("_scatter",),
    "known rank": ("_separable",),
    "sums of windows": ("_pool_back",),
    "greatest of windows": ("_pool_max_back",),
}
CONTRACT = [
    " ".join(
        (
            "ACCURACY exact: float32 errors stay below 1e-6 of the greatest entry; infinities and NaN go where the",
            "formula takes them.  fast: tiles of up to F(4, 5), errors up to 3e-5 in float32 and 1e-13 in float64; an",
            "infinity or a NaN spreads over the tiles that read it.  Sums of integers are exact.",
        )
    ),
    "Buffers are kept for the next call, one set for each thread, at most 4 MB beside transformed kernels.",
]
ROLES = ("stride", "padding", "dilation", "groups", "output_padding", "window")


def module_source(
    forward: Defined,
    gradients: Mapping[str, Defined],
    *,
    title: str,
    notes: Sequence[str],
    verdicts: Mapping[str, str],
    unproved: bool = False,
    settings: Mapping[str, str] | None = None,
) -> str:
    """The source of a module with `forward` and one `grad_<leaf>` for each gradient.

    forward: the output.  gradients: by the name of the leaf.  title, notes, verdicts: text for the
    docstring (formula, hypotheses; the verdict and scope by function or leaf).
    unproved: says in the docstring that no proof stands behind the functions.
    settings: values of ACCURACY and SCHEDULE.
    """
    module = ModuleWriter(forward, gradients)
    return module.source(docstring_of(title, notes, verdicts, unproved, module.theorems()), settings)


def module_files(
    forward: Defined,
    gradients: Mapping[str, Defined],
    *,
    title: str,
    notes: Sequence[str],
    verdicts: Mapping[str, str],
    unproved: bool = False,
    stem: str = "kernels",
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The files of the NumPy target by their endings: one module, whatever it is called."""
    return {
        ".py": module_source(
            forward, gradients, title=title, notes=notes, verdicts=verdicts, unproved=unproved, settings=settings
        )
    }


@dataclass(frozen=True, slots=True)
class JudgedFunction:
    """A function and the loops that judge it."""

    fast: Written
    slow: Written


class ModuleWriter:
    def __init__(self, forward: Defined, gradients: Mapping[str, Defined]) -> None:
        self.forward, self.gradients = forward, gradients
        names = Names((*helper_names(), *OWN_NAMES))
        order = list(dict.fromkeys(_leaves(forward)))
        self.names = {leaf: names.of(leaf, leaf.name) for leaf in order}
        self.roles = _roles(forward, names)
        self.taken = (*helper_names(), *OWN_NAMES)
        self.writer = FunctionWriter((*self.taken, *self.names.values(), *self.roles.values()))
        program = program_of(forward)
        arrays = tuple((leaf, self.names[leaf]) for leaf in order if leaf in program.leaves)
        self.upstreams: dict[Leaf, str] = {}
        interface = Interface("forward", "The output.", arrays, roles=self.roles)
        self.pairs = [self.pair(program, interface)]
        for key, tensor in gradients.items():
            self.pairs.append(self.gradient(key, tensor, order))
        several = not forward.rank and len(gradients) > 1
        self.step = self.training_step(gradients, order) if several else None

    def gradient(self, key: str, tensor: Defined, order: Sequence[Leaf]) -> JudgedFunction:
        program = program_of(tensor)
        target = next((leaf for leaf in order if leaf.name == key), None)
        if target is None:
            raise ExportError(
                f"gradient {key!r}",
                "no leaf of that name in the formula",
                ", ".join(leaf.name for leaf in order),
                "use the name of a leaf as the key",
            )
        ups = [leaf for leaf in program.leaves if leaf not in order]
        arrays = [(leaf, "upstream") for leaf in ups]
        if len(arrays) > 1:
            raise ExportError(
                f"gradient {key!r}",
                f"{len(arrays)} tensors that forward does not have",
                "one, the upstream gradient",
                "use leaves of the formula",
            )
        arrays += [(leaf, self.names[leaf]) for leaf in order if leaf in program.leaves]
        known = {n for leaf, _ in arrays for n in leaf.shape}
        shapes = () if set(target.shape) <= known else ((target, f"{self.names[target]}_shape"),)
        name = f"grad_{self.names[target].rstrip('_')}"
        summary = f"The gradient of a loss by {self.names[target]}, from the upstream gradient by the output."
        return self.pair(program, Interface(name, summary, tuple(arrays), shapes, self.roles))

    def training_step(self, gradients: Mapping[str, Defined], order: Sequence[Leaf]) -> Written:
        """The loss and all gradients at once; what they share is computed once."""
        program = program_of_all(self.forward, gradients.values())
        arrays = tuple((leaf, self.names[leaf]) for leaf in order if leaf in program.leaves)
        names = (p.fast.interface.name.removeprefix("grad_") for p in self.pairs[1:])
        interface = Interface(
            "step",
            "The loss and its gradients, for one step of training.",
            arrays,
            roles=self.roles,
            returns="tuple[Array, dict[str, Array]]",
            parts=tuple(names),
        )
        return self.written(program, interface)

    def written(self, program: Program, interface: Interface) -> Written:
        """The function that a caller uses; a target writes its own."""
        return self.writer.vectorised(program, interface)

    def pair(self, program: Program, interface: Interface) -> JudgedFunction:
        fast = self.written(program, interface)
        slow_interface = Interface(
            f"_loops_{interface.name}",
            f"`{interface.name}` by plain loops over the formula: slow, and the referee of the self-test.",
            interface.arrays,
            interface.shapes,
            interface.roles,
            returns="_Table",
        )
        slow = self.writer.write(program, slow_interface, lambda scope: Referee(scope).program(program), [])
        return JudgedFunction(fast, slow)

    # -- text --------------------------------------------------------------------

    def fast(self) -> list[str]:
        """The functions that a caller uses."""
        return [p.fast.source for p in self.pairs] + ([self.step.source] if self.step is not None else [])

    def theorems(self) -> list[str]:
        """What makes each schedule right that the functions may choose."""
        used = used_helpers("\n".join(self.fast()))
        known = [name for name, helpers in SCHEDULES.items() if set(helpers) & set(used)]
        lines = [f"schedule {name}: {' '.join((IDENTITIES[name].__doc__ or '').split())}" for name in known]
        return [*lines, "", *CONTRACT] if "_correlate" in used else lines

    def source(self, docstring: str, settings: Mapping[str, str] | None = None) -> str:
        fast = self.fast()
        slow = [p.slow.source for p in self.pairs]
        test = self.self_test()
        helpers = helper_source("\n".join([*fast, *slow]))
        body = "\n\n".join(
            [
                *fast,
                banner("helpers"),
                helpers,
                banner("the referee: the formulas as plain loops, used by --self-test only"),
                *slow,
                test,
            ]
        )
        return f"{docstring}\n{imports(body, settings)}\n\n{body}"

    def self_test(self) -> str:
        checks = rows_of(
            f"({p.fast.interface.name}, {p.slow.interface.name}, {names_of(p.fast)}, {names_of(p.slow)})"
            for p in self.pairs
        )
        if self.step is not None:
            step = self.step
            checks += rows_of(
                f'(part("{name}"), {p.slow.interface.name}, {names_of(step)}, {names_of(p.slow)})'
                for name, p in zip(("", *step.interface.parts), self.pairs, strict=True)
            )
        cases = rows_of(self.cases())
        functions = "".join(
            f'    "{name}": {sine_of(f.order)},\n'
            for f, name in dict(u for p in self.pairs for u in (*p.fast.unknown, *p.slow.unknown)).items()
        )
        draw = "rng.uniform(0.5, 1.5, size)" if self.positive() else "rng.standard_normal(size)"
        part = _PART if self.step is not None else ""
        return _SELF_TEST.format(part=part, checks=checks, cases=cases, functions=functions, draw=draw)

    def positive(self) -> bool:
        """True if some formula divides or takes a logarithm."""
        bodies = [self.forward.body, *(t.body for t in tensors_in(self.forward.body) if isinstance(t, Defined))]
        return any(
            isinstance(v, Reciprocal) or (isinstance(v, Apply) and v.function == Function("log"))
            for body in bodies
            for v in walk(body)
        )

    def cases(self) -> Iterator[str]:
        """One line for each case: the shapes of all arrays, and the options."""
        entry = Entry(self.forward, tuple(map(Poly.of, self.forward.parameters)))
        leaves = dict(self.names)
        for pair in self.pairs:
            leaves |= dict(pair.fast.interface.arrays)
        said = {s: n for p in self.pairs for s, n in (*p.fast.said, *p.slow.said)}
        sizes = sizes_in(entry)
        shapes = [leaf.shape for leaf in leaves]
        for drawn in small_sizes(sizes, shapes, requirements_of(entry)):
            parts = [f'"{name}": {tuple(value_at(n, drawn) for n in leaf.shape)}' for leaf, name in leaves.items()]
            parts += [f'"{name}": {drawn[size]}' for size, name in said.items()]
            yield f"{{{', '.join(parts)}}}"


def _leaves(tensor: Tensor) -> Iterator[Leaf]:
    """The leaves in the order in which the operations take them."""
    if isinstance(tensor, Leaf):
        yield tensor
    elif isinstance(tensor, Defined):
        for operand in tensor.call.operands if tensor.call else ():
            yield from _leaves(operand)
        yield from (t for t in tensors_in(tensor.body) if isinstance(t, Leaf))


def _roles(forward: Defined, names: Names) -> dict[Size, str]:
    """Sizes that are just a stride, a padding, ...: they are called so."""
    calls = [t.call for t in (forward, *tensors_in(forward.body)) if isinstance(t, Defined) and t.call]
    found: dict[str, set[Size]] = {}
    for call in calls:
        for role, option in call.options:
            if role in ROLES:
                found.setdefault(role, set()).update(_bare_sizes(option))
    chosen: dict[Size, str] = {}
    for role, sizes in found.items():
        if len(sizes) == 1 and not sizes & set(chosen):
            (size,) = sizes
            if size.name != role and names.taken(role):
                continue
            chosen[size] = names.of(size, role)
    return chosen


def _bare_sizes(option: object) -> set[Size]:
    if isinstance(option, Poly):
        return {option.as_atom} if isinstance(option.as_atom, Size) else set()
    if isinstance(option, tuple):
        return {s for part in option for s in _bare_sizes(part)}
    return set()


def names_of(written: Written) -> str:
    return "(" + "".join(f'"{n}", ' for n in written.parameters).rstrip(" ") + ")"


def rows_of(rows: Iterable[str]) -> str:
    """The rows of a table, each with a comma."""
    return "".join(f"{line}\n" for row in rows for line in wrapped(f"    {row},", True))


def sine_of(order: int) -> str:
    return ("np.sin", "np.cos", "lambda x: -np.sin(x)", "lambda x: -np.cos(x)")[order % 4]


def banner(text: str) -> str:
    return f"# {'-' * 4} {text} {'-' * max(4, 90 - len(text))}\n"


def docstring_of(
    title: str,
    notes: Sequence[str],
    verdicts: Mapping[str, str],
    unproved: bool,
    theorems: Sequence[str] = (),
    needs: str = "needs NumPy alone.",
) -> str:
    """The docstring of a module.  theorems: what stands behind its schedules.  needs: what must be installed."""
    lines = [title, ""]
    if unproved:
        lines += ["NOT PROVED: these functions were exported without a proof that they are right.", ""]
    lines += [*notes, *([""] if notes else [])]
    lines += [f"{identifier(name)}: {verdict}" for name, verdict in verdicts.items()]
    lines += [""] if verdicts else []
    lines += [*theorems, ""] if theorems else []
    lines += [f"Written by symconv {_version()}; {needs} `python FILE --self-test` compares it with plain loops."]
    folded = (part for line in lines for part in wrap(_plain(line), WIDTH, subsequent_indent="    ") or [""])
    text = "\n".join(folded)
    return f'r"""{text}\n"""\n' if "\\" in text else f'"""{text}\n"""\n'


def _plain(line: str) -> str:
    """Text that cannot end a docstring."""
    kept = "".join(c if c.isprintable() else " " for c in line.replace("\n", " / "))
    return kept.replace('"', "'").rstrip()


def _version() -> str:
    try:
        return version("symconv")
    except PackageNotFoundError:
        return "(not installed)"


_PART = '''def part(name: str) -> Callable[..., Array]:
    """One gradient that `step` computes; the loss where there is no name."""

    def one(**arguments: Any) -> Array:
        loss, gradients = step(**arguments)
        return gradients[name] if name else loss

    one.__name__ = f"step: {name or 'loss'}"
    return one


'''


_SELF_TEST = '''{part}# function, its referee, the parameters of both
CHECKS: list[tuple[Callable[..., Array], Callable[..., _Table], tuple[str, ...], tuple[str, ...]]] = [
{checks}]
# shapes of arrays, and options
CASES: list[dict[str, Any]] = [
{cases}]
FUNCTIONS: dict[str, Callable[[Array], Array]] = {{
{functions}}}


SECONDS, MOST = 0.5, 100_000  # spent on one comparison, entries of one


def compared(fast: Array, slow: _Table, rng: np.random.Generator) -> tuple[float, int]:
    """The greatest difference, relative to the greatest entry, and how many entries were compared.

    All entries in a random order, or as many as the time allows.
    """
    if fast.shape != slow.shape:
        return np.inf, 0
    order = rng.permutation(fast.size) if fast.size <= MOST else rng.integers(0, fast.size, MOST)
    start, seen, worst, scale = time.perf_counter(), 0, 0.0, 1.0
    for at in order:
        place = tuple(int(k) for k in np.unravel_index(at, fast.shape)) if fast.shape else ()
        exact = float(slow[place])
        difference = abs(float(fast[place]) - exact)
        if np.isnan(difference):
            return np.nan, seen
        seen, worst, scale = seen + 1, max(worst, difference), max(scale, abs(exact))
        if seen >= 4 and time.perf_counter() - start > SECONDS:
            break
    return worst / scale, seen


def self_test() -> int:
    """Compare every function with its referee; the number of disagreements."""
    rng = np.random.default_rng(0)
    wrong = 0
    for case in CASES:
        drawn: dict[str, Any] = {{}}
        for name, size in case.items():
            drawn[name] = {draw} if isinstance(size, tuple) else size
            if isinstance(size, tuple):
                drawn[f"{{name}}_shape"] = size
        for function, loops, names, loop_names in CHECKS:
            arguments = {{name: FUNCTIONS.get(name, drawn.get(name)) for name in names}}
            fast = np.asarray(function(**arguments))
            slow = loops(**{{name: FUNCTIONS.get(name, drawn.get(name)) for name in loop_names}})
            error, seen = compared(fast, slow, rng)
            agrees = error <= 1e-12
            wrong += not agrees
            part = "" if seen == fast.size else f", {{seen}} of {{fast.size}} entries"
            given = {{n: getattr(v, "shape", v) for n, v in arguments.items() if n not in FUNCTIONS}}
            options = ", ".join(f"{{name}}={{value}}" for name, value in given.items())
            print(f"{{'ok   ' if agrees else 'WRONG'}} {{function.__name__}}({{options}}): error {{error:.1e}}{{part}}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="Kernels written by symconv.")
    parser.add_argument("--self-test", action="store_true", help="compare every function with plain loops")
    if parser.parse_args().self_test:
        sys.exit(1 if self_test() else 0)
    parser.print_help()


if __name__ == "__main__":
    main()
'''


__all__ = [
    "JudgedFunction",
    "ModuleWriter",
    "banner",
    "docstring_of",
    "module_files",
    "module_source",
    "names_of",
    "rows_of",
    "sine_of",
]
