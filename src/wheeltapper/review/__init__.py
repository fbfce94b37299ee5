"""Review: whoever can tell is asked, and what they say is kept."""
