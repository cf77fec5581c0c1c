"""A page with a node of every kind, and the words that each format must show of it."""

from __future__ import annotations

from symconv.page.nodes import (
    Code,
    Declaration,
    Display,
    Figure,
    Fold,
    Heading,
    Inline,
    Listing,
    Math,
    Node,
    Page,
    Paragraph,
    Program,
    Step,
    Strong,
    Table,
    Text,
    sentence,
)

HOSTILE = r"a <b> & c_d 5% #1 {e} ~f^g \h $i *j* [k](l) @m 1. `"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20">'
    '<rect x="1" y="1" width="9" height="9"/></svg>'
)
INLINE: dict[type[Inline], Inline] = {
    Text: Text("wordstext"),
    Math: Math(r"\delta_{i,0}"),
    Code: Code("codetext --stride"),
    Strong: Strong("strongtext"),
}
NODES: dict[type[Node], tuple[Node, tuple[str, ...]]] = {
    Heading: (Heading(3, sentence("headingtext $x$")), ("headingtext",)),
    Paragraph: (Paragraph(tuple(INLINE.values())), ("wordstext", "codetext", "strongtext")),
    Display: (Display(r"\sum_{u=0}^{r-1} displaytext"), ()),
    Declaration: (Declaration(("size n", "tensor declaredtext[n]")), ("declaredtext",)),
    Step: (
        Step(
            7,
            "ruletext",
            sentence("hinttext $y$"),
            sentence("reasontext"),
            r"A_m = B_m",
            (Display("x = y"), Paragraph(sentence("bodytext"))),
            (Paragraph(sentence("innertext")),),
        ),
        ("7", "Ruletext", "reasontext", "bodytext", "innertext"),
    ),
    Fold: (Fold(sentence("summarytext"), (Paragraph(sentence("foldedtext")),)), ("summarytext", "foldedtext")),
    Figure: (Figure(SVG, "alternativetext", sentence("captiontext")), ("alternativetext", "captiontext")),
    Table: (
        Table((sentence("size"), sentence("columntext")), ((sentence("$|n|$"), sentence("celltext")),)),
        ("columntext", "celltext"),
    ),
    Listing: (Listing((sentence("itemtext"), sentence("otheritem")), numbered=True), ("itemtext", "otheritem")),
    Program: (Program("python", "print('programtext')"), ("programtext",)),
}
PAGE = Page(
    sentence(r"titletext $\frac{\partial L}{\partial X}$"),
    (*(node for node, _ in NODES.values()), Paragraph((Text(HOSTILE), Code(HOSTILE), Strong(HOSTILE)))),
    Program("python", "print(6 * 7)"),
)
