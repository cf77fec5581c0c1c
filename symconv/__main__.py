"""`python -m symconv`: the command `symconv`, where it is not on the path."""

from __future__ import annotations

import sys

from symconv.cli import main

if __name__ == "__main__":
    sys.exit(main())
