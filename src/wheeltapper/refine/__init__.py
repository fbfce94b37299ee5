"""Data anomalies become cases that a person can relate to."""
