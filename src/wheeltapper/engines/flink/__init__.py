"""Apache Flink: shards as keys of a stream, their state in checkpoints and in the workspace."""
