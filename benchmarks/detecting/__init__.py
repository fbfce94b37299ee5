"""Parts of `benchmarks/detect.py`."""
