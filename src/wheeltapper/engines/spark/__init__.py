"""Apache Spark: shards on a cluster, state in a folder that all of it reaches."""
