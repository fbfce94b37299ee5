"""PowerShell commands: unwrapped, seen as images, judged by networks, explained."""
