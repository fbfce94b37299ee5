"""Drill: attacks planted into a view of the user's own history, and which of them are found."""
