"""Models trained offline, run as ONNX: whole days judged at once."""

from wheeltapper.detect.models.registry import Registry
from wheeltapper.detect.models.state import State
from wheeltapper.detect.models.train import train
from wheeltapper.detect.models.userday import UserDay

__all__ = ["Registry", "State", "UserDay", "train"]
