"""After set-up nobody waits for a kernel to be compiled."""

import importlib
import pkgutil

import pytest

from wheeltapper.detect import statistics
from wheeltapper.detect.warm import warm


@pytest.mark.parametrize("family", [m.name for m in pkgutil.iter_modules(statistics.__path__)])
def test_the_kernel_of_a_family_is_compiled_once_and_for_all(family):
    warm()
    kernel = importlib.import_module(f"{statistics.__name__}.{family}")._step
    assert len(kernel.signatures) == 1  # else real acts would be compiled for anew
    assert kernel.stats.cache_path
