"""Runs one turn, from message to committed record; knows the packages around it only by their protocols."""
