"""Which feeds a home may want, as far as that is clear."""
