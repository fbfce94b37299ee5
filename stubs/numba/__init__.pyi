# The part of numba that we use, typed: a compiled function keeps its Python signature.
from collections.abc import Callable
from typing import TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., object])

@overload
def njit(function: _F, /) -> _F: ...
@overload
def njit(
    *,
    cache: bool = ...,
    nogil: bool = ...,
    inline: str = ...,
    boundscheck: bool = ...,
) -> Callable[[_F], _F]: ...
