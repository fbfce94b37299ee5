"""Sigma rules, judged on the native record."""

from wheeltapper.detect.rules.ruleset import BUILTIN, Ruleset

__all__ = ["BUILTIN", "Ruleset"]
