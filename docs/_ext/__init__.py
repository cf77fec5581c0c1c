"""What the site makes from the code, one extension of Sphinx a file."""
