from types import SimpleNamespace

import numpy as np
import pytest

from powershell_office import records

torch = pytest.importorskip("torch", reason="needs the extra `net`")

from wheeltapper.powershell import nets  # noqa: E402
from wheeltapper.powershell.models import Network  # noqa: E402
from wheeltapper.powershell.onnx_file import to_onnx  # noqa: E402

PAIRS = [(r.text, r.text.lower()) for r in records()]
LABEL = np.array([r.label for r in records()])


@pytest.fixture(scope="module", params=nets.SHAPES)
def trained(request):
    torch.set_num_threads(1)
    weight = np.where(LABEL == 1, 0.5 / LABEL.sum(), 0.5 / (1 - LABEL).sum())
    samples = {"cnn": 12_000, "branches": 3_000}[request.param]
    params = nets.train(
        request.param, [[pair] for pair in PAIRS], LABEL, weight, seed=1, samples=samples
    )
    return request.param, params


def test_what_differs_is_learned(trained):
    name, params = trained
    scores = nets.score(name, params, PAIRS)
    assert scores[LABEL == 1].mean() > scores[LABEL == 0].mean() + 0.5


def test_the_file_computes_what_was_trained(trained):
    name, params = trained
    arrays = {key: value.detach().numpy() for key, value in params.items()}
    card = SimpleNamespace()
    scores = Network(card, to_onnx(name, arrays)).score(PAIRS[:8])
    expected = nets.score(name, params, PAIRS[:8])
    np.testing.assert_allclose(scores, expected, atol=0.1)  # it was trained in 16 bits
