"""Kernel families: one module each, found by walking this folder."""
