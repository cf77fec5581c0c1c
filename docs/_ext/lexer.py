"""The colours of a declaration block: the first word of a line is its keyword, and `#` begins a comment."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer
from pygments.token import Comment, Keyword, Text
from sphinx.application import Sphinx

from symconv.read.block import LINES


class BlockLexer(RegexLexer):
    name = "symconv"
    aliases: ClassVar = ["symconv"]
    tokens: ClassVar = {
        "root": [
            (r"(?<!\\)#.*$", Comment),
            (rf"^({'|'.join((*LINES, 'keep'))})\b", Keyword),
            (r"\n", Text),
            (r"[^#\n]+|#", Text),
        ]
    }


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_lexer("symconv", BlockLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
