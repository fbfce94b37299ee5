"""The lake of Activities and Findings, and the casebook of Cases."""

from wheeltapper.store.lake import Lake

__all__ = ["Lake"]
