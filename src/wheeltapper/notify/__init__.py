"""Notify: what was decided is told to whoever carries it out."""
