"""Parts for pwae. Each file holds one, and is imported when it is asked for by name."""
