"""Sigma rules, judged on the native record."""
