"""What a meter has counted, as long-term statistics."""
