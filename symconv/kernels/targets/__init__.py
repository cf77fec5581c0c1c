"""Targets of export: each writes the same functions for another compiler or array library."""
