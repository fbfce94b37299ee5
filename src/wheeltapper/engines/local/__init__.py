"""One machine, embedded."""
