"""Pictures made from a term at small sizes: what is read, what is reached, what wins, as SVG with a text beside it."""
