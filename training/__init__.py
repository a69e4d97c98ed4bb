"""What was learned, and from which log."""
