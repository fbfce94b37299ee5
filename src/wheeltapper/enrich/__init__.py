"""What is needed to judge an Activity is appended to it."""
