import pytest

from wheeltapper.engines.spark.session import reason, told, tried_again
from wheeltapper.errors import WheeltapperError


@pytest.mark.parametrize(
    ("master", "made"),
    [
        ("local", "local[1,4]"), ("local[2]", "local[2,4]"), ("local[*]", "local[*,4]"),
        ("local[2,1]", "local[2,1]"), ("spark://host:7077", "spark://host:7077"), ("yarn", "yarn"),
    ],
)  # fmt: skip
def test_on_one_machine_a_task_is_tried_again_as_on_a_cluster(master, made):
    assert tried_again(master) == made


def test_of_a_trace_the_line_that_tells_most_is_told():
    trace = (
        "An exception was thrown from the Python worker:\nTraceback (most recent call last):\n"
        '  File "task.py", line 1\nwheeltapper.errors.WheeltapperError: state/x: damaged.\n\n'
        "\tat org.apache.spark.Executor.run\n"
    )
    assert reason(trace) == "state/x: damaged"
    assert reason("first\nsecond") == "first"
    assert reason("") == "it is gone"


def test_what_is_not_of_spark_goes_its_way():
    with (
        pytest.raises(WheeltapperError, match=r"its JVM has ended \(refused\)\. Run the same"),
        told(),
    ):
        raise ConnectionRefusedError("refused")
    with pytest.raises(KeyError), told():
        raise KeyError("ours")
