"""What unwrapping a command gives: its text as it came, and each text that was inside another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One text, and how it was got from the one that it was in."""

    how: str
    """`as it came`, `strings put together`, `encoded command`, `base64`, `base64, gzip`,
    `base64, deflate`, or `run by name`."""
    text: str
    inside: int
    """Number of the layer that it was in; its own for the first."""
    depth: int
    """0 for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """All layers, the outermost first; a text with nothing in it has one."""

    layers: tuple[Layer, ...]
    cut: bool = False
    """A bound was met: there may be more inside."""

    @property
    def inner(self) -> str:
        """The texts that nothing else was taken from, one after the other.

        This is what would run in the end, as far as it can be known without running anything.
        """
        holding = {layer.inside for layer in self.layers[1:]}
        return "\n".join(t.text for at, t in enumerate(self.layers) if at not in holding)

    @property
    def whole(self) -> str:
        """All texts, the innermost first, each once: what is in a command, and what is around it.

        A text whose strings were put together stands for the one they were apart in.
        """
        apart = {t.inside for t in self.layers[1:] if t.how == "strings put together"}
        kept = [t for at, t in enumerate(self.layers) if at not in apart]
        return "\n".join(t.text for t in sorted(kept, key=lambda t: -t.depth))
