"""Simulate: the logs of an organisation that does not exist, for trying out, drills and tests."""

from wheeltapper.simulate.simulation import Summary, simulate

__all__ = ["Summary", "simulate"]
