"""The composition root: the only room that builds a whole bot out of the others."""
