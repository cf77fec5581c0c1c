"""For each rule of a derivation what one may be told before the step, and the general fact that the step uses.

The letters of a fact stand for themselves; they are not those of the page.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """needs: what the derivation must do for this to be said: pad, turn or correlate; otherwise only `instead`."""

    hint: str
    fact: str = ""
    needs: str = ""
    instead: str = ""


BY_RULE = {
    "chain rule": Advice("Through which entries does the loss depend on the one that you differentiate by?"),
    "derivative inside the sums": Advice(
        "Put in the definition of an entry. What may change places with the derivative?",
        r"\frac{\partial}{\partial t} \sum_{k} c_k f_k = \sum_{k} c_k \frac{\partial f_k}{\partial t}",
    ),
    "delta": Advice(
        "The entries are independent of each other: when is the derivative of one by another 1, and when 0?",
        r"\frac{\partial A_m}{\partial A_n} = [m = n]",
    ),
    "pick": Advice(
        "Each bracket asks for one index: solve it for that, and see which range remains.",
        r"\sum_{k} f_k [k = m] = f_m",
    ),
    "one window": Advice(
        "Between which multiples of the window does a pixel lie? In how many windows is it?",
        r"\sum_{i} f_i [m i \le a] [a \le m i + m - 1] = f_{\lfloor a/m \rfloor}",
    ),
    "zero-stuffing": Advice(
        "Only some positions are a multiple of the stride. What array holds an entry at these, and 0 elsewhere?",
        r"\sum_{i} f_i [s i = m] = \hat{f}_m",
    ),
    "change of variable": Advice(
        "In which order must the sum run, so that the image is read forwards?",
        r"\sum_{u=0}^{r-1} f_u = \sum_{u=0}^{r-1} f_{r-1-u}",
        "turn",
        "Which indices does the window slide over? Let the sum run over these.",
    ),
    "names": Advice(
        "Where does the sum read outside? Which array has zeros there?",
        r"\operatorname{pad}(A, p)_m = A_{m-p}",
        "pad",
        "Which array has these entries in this order?",
    ),
    "closed form": Advice(
        "Compare with the definition of the operation that you began with.",
        r"\operatorname{corr}(A, B)_m = \sum_{u} A_{m+u} B_u",
        "correlate",
        "Which operation that has a name sums in this way?",
    ),
    "like terms": Advice("Which summands are equal?"),
    "by name": Advice("Which of these factors have a name together? Which depend on the index of the sum?"),
}


def advice(rule: str, done: Collection[str]) -> Advice:
    """What the table says, or that the next step bears the rule's name; done: what this derivation does of `needs`."""
    told = BY_RULE.get(rule, Advice(f"The next step is called: {rule}."))
    return told if not told.needs or told.needs in done else Advice(told.instead)


__all__ = ["Advice", "advice"]
