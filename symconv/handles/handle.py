"""What all handles have in common: the term that they wrap, and what they refuse."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, NoReturn, TypeVar

from symconv.errors import UsageError

Term = TypeVar("Term")  # a tensor, a value, an index polynomial or a condition


class Handle(ABC, Generic[Term]):
    """What users hold for a term of the language; NumPy and Python must not take it apart."""

    __array_ufunc__: ClassVar[None] = None  # NumPy leaves `array * handle` to the handle

    def __init__(self, term: Term) -> None:
        self.term = term

    def __bool__(self) -> bool:
        raise UsageError(f"bool({self!r})", "a symbolic object", "a comparison that is decided", "ask prove(a, b)")

    def __array__(self, *_: object, **__: object) -> NoReturn:
        raise UsageError(
            f"an array of {self!r}",
            "a symbolic object without numbers",
            "numbers",
            "unfold a tensor with .entries(H=3, ..), or compute it with .compile()",
        )

    def __iter__(self) -> NoReturn:
        raise UsageError(
            f"iteration over {self!r}", "a symbolic object", "fixed sizes", "iterate over .entries(H=3, ..) of a tensor"
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.term == other.term

    def __hash__(self) -> int:
        return hash(self.term)

    @abstractmethod
    def latex(self) -> str:
        """As a LaTeX formula."""

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"
