"""What exported modules carry along: the text of these files is copied, function by function.

Each function needs NumPy and its neighbours here only; a module contains just the ones it uses.
"""
