"""The site: `python -m sphinx -W --keep-going -b html docs build/site`, with the extra `docs` installed.

Nothing is loaded from a network, neither when the site is built nor when it is read.  Formulas are set by symconv's
own writer of MathML; the gallery, the rules, the errors and the reference are made from the code at build time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import symconv

sys.path.insert(0, str(Path(__file__).parent))

project = "symconv"
version = release = symconv.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "_ext.mathematics",
    "_ext.lexer",
    "_ext.gallery",
    "_ext.rules",
    "_ext.errors",
    "_ext.reference",
    "_ext.shown",
]
exclude_patterns = ["_ext"]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3

# the text of a docstring: names in backquotes are code
default_role = "code"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 88
add_module_names = False

smartquotes = False

html_theme = "furo"
html_title = "symconv"
html_math_renderer = "symconv"
html_static_path = ["_static"]
html_css_files = ["symconv.css", "site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None
highlight_options = {language: {"stripnl": True} for language in ("python", "pycon", "console", "markdown")}
pygments_style = "tango"
pygments_dark_style = "native"
