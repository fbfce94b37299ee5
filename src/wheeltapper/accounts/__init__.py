"""Accounts: fraud found by machines and people together, on whatever an application knows."""
