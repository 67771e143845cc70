"""The composition root: the only package that assembles a whole bot from the others."""
