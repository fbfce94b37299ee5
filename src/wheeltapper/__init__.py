"""Finds unusual user activity in an organisation's logs, and explains it."""
