"""The language of index notation: polynomials, values, tensors, substitution."""
