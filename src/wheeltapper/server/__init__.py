"""The timeline page and its API."""
