"""What must not drift: who imports whom, what the checker and the start of the command need, what is never executed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import symconv

ROOT = Path(symconv.__file__).parent

# What each part may import, itself and errors aside.  Read from the top: nobody imports what stands below.
MAY_IMPORT = {
    "errors": "",
    "term": "",
    "ops": "term",
    "calculus": "term ops",
    "proof": "term ops calculus",
    "entries": "term ops calculus proof",
    "notation": "term",
    "read": "term ops calculus notation",
    "write": "term ops calculus notation",
    "page": "notation",
    "kernels": "term ops calculus",
    "evidence": "term proof entries",
    "symbols": "term read",
    "specs": "term ops read symbols",
    "comparing": "term ops calculus proof kernels evidence",
    "repair": "term ops calculus proof",
    "responses": "term proof entries evidence",
    "overview": "term entries",
    "fitting": "term proof entries evidence",
    "given": "term proof",
    "reports": "term proof read write repair",
    "judging": "term proof read write evidence given repair reports",
    "serialising": "term proof read write repair reports",
    "picturing": "term proof read write",
    "pictures": "term ops proof notation write page overview",
    "reporting": "term proof notation read write repair reports picturing page",
    "hints": "",
    "saving": "",
    "needs": "term calculus proof",
    "answers": "term ops calculus proof evidence responses given write",
    "shown_numbers": "",
    "illustrating": "term calculus proof page pictures shown_numbers answers",
    "answer_page": "answers page",
    "worked": "term calculus proof write",
    "smaller": "term ops calculus",
    "reasons": "term calculus notation write worked",
    "telling": "term notation write page hints reasons worked",
    "solution": "illustrating pictures answer_page answers term calculus proof notation write page specs needs"
    " symbols saving shown_numbers overview stating telling worked",
    "checking": "term proof shown_numbers worked write",
    "unrolling": "term entries write",
    "instancing": "term proof entries write shown_numbers unrolling worked",
    "solving": "answers shown_numbers term calculus proof notation write specs symbols solution checking instancing"
    " needs reasons smaller worked",
    "stating": "term write",
    "exercise": "answers calculus checking page proof shown_numbers solution stating telling term worked write",
    "varying": "proof specs term",
    "unrolled_target": "term entries kernels",
    "exporting": "term ops calculus proof write kernels specs evidence unrolled_target",
    "benching": "exporting kernels",
    "handles": "term ops entries kernels write",
    "api": "term ops calculus proof entries kernels evidence comparing responses fitting judging solving exporting"
    " handles specs overview",
    "terminal": "proof read judging reports",
    "cli": "symconv saving specs judging reports serialising reporting solving exporting terminal page exercise varying"
    " shown_numbers benching",
    "__main__": "cli",
    "pytest_plugin": "read judging reports",
    "symconv": "",
}
# Of proof, the entries at fixed sizes may use the arithmetic of the evaluator; their own proof stays independent.
ENTRIES_MAY_USE = ("symconv.proof.evaluation.",)
# The one place that executes text: the source that it has just written itself.
EXECUTES = {("kernels/compile.py", "exec")}
# A tensor's text holds entries and an entry's text holds tensors: one recursion in two files, closed inside a function.
RECURSION = {("symconv.read.whole", "symconv.read.values")}
FORBIDDEN_CALLS = {"eval", "exec", "parse_latex", "parse_expr", "sympify", "simplify", "nsimplify"}


def files() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = ("symconv", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


def part(module: str) -> str:
    """The folder, or the module at the top level, that a module belongs to."""
    return module.split(".")[1] if "." in module else module


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def nodes_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those below `if TYPE_CHECKING:`."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from nodes_at_run_time(child)


def imported(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too; `from package import module` gives the module."""
    found: set[str] = set()
    for node in nodes_at_run_time(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            assert node.module is not None
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {m if m in MODULES else node.module for m in below}
    return found


MODULES = {module_name(path) for path in files()}


@pytest.mark.parametrize("path", files(), ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    mine = part(module_name(path))
    assert mine in MAY_IMPORT, f"{mine} is new: say in MAY_IMPORT what it may import"
    allowed = {mine, "errors", *MAY_IMPORT[mine].split()}
    used = {part(m) for m in imported(path) if m.split(".")[0] == "symconv"}
    assert used <= allowed, f"{module_name(path)} must not import {', '.join(sorted(used - allowed))}"


def test_the_table_itself_has_no_cycle() -> None:
    order = list(TopologicalSorter({k: v.split() for k, v in MAY_IMPORT.items()}).static_order())
    assert set(order) == set(MAY_IMPORT)


def test_the_two_proofs_are_independent() -> None:
    for path in (ROOT / "entries").rglob("*.py"):
        proof = {m for m in imported(path) if m.startswith("symconv.proof")}
        strange = {m for m in proof if not m.startswith(ENTRIES_MAY_USE)}
        assert not strange, f"{path.name} imports {strange}"


def test_no_cycles_among_modules_and_their_packages() -> None:
    graph = {}
    for path in files():
        name = module_name(path)
        needed: set[str] = set()
        for module in imported(path) & MODULES:
            parts = module.split(".")
            ancestors = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
            if (name, module) not in RECURSION:
                needed |= {a for a in ancestors if a != name and not name.startswith(f"{a}.")}
        graph[name] = needed
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_checker_needs_the_standard_library_only() -> None:
    used = {m.split(".")[0] for m in imported(ROOT / "proof" / "check.py")}
    assert used <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "path", [ROOT / "term", ROOT / "ops", ROOT / "calculus", ROOT / "notation"], ids=lambda p: p.name
)
def test_the_language_knows_neither_sympy_nor_numpy(path: Path) -> None:
    used = {m.split(".")[0] for file in path.rglob("*.py") for m in imported(file)}
    assert not used & {"sympy", "numpy"}


def loaded_by(code: str) -> set[str]:
    run = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import symconv",
        "import symconv; dir(symconv); symconv.__version__",
        "import symconv.cli\ntry: symconv.cli.main(['--help'])\nexcept SystemExit: pass",
        "import symconv.cli\ntry: symconv.cli.main(['verify', '--help'])\nexcept SystemExit: pass",
        "import symconv.proof.check",
    ],
)
def test_the_start_needs_no_sympy(code: str) -> None:
    assert not {"sympy", "numpy"} & loaded_by(code)


def test_no_module_has_the_name_of_a_public_function() -> None:
    """`import symconv.solve` would otherwise put a module where `sc.solve` was."""
    modules = {name.split(".")[1] for name in MODULES if name.count(".") >= 1}
    assert not modules & set(symconv.__all__)


def test_every_public_name_exists() -> None:
    for name in symconv.__all__:
        assert getattr(symconv, name) is not None


@pytest.mark.parametrize("path", files(), ids=module_name)
def test_no_text_is_executed_and_sympy_decides_nothing(path: Path) -> None:
    called = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name == "parse_latex" and "notation" in {part(m) for m in imported(path)} | {part(module_name(path))}:
                continue  # our own reader bears this name; SymPy's is never imported
            called.add(name)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sympy.parsing"):
            pytest.fail(f"{path.name} imports {node.module}")
    place = path.relative_to(ROOT).as_posix()
    assert {(place, name) for name in called & FORBIDDEN_CALLS} <= EXECUTES
