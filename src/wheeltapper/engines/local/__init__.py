"""One machine, embedded: everything in this process, state in the workspace's folder."""
