"""Makes `judging` importable from the folders below."""
