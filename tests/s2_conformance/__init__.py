"""What of the S2 standard is kept, and which tests show it."""
