"""The lake of Activities and Findings, and the casebook of Cases."""

from wheeltapper.store.casebook import Casebook, Verdict
from wheeltapper.store.lake import Lake

__all__ = ["Casebook", "Lake", "Verdict"]
