"""How findings are told: a module for each kind of judge; `telling` says what it holds."""
