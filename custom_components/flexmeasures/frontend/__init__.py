"""What Home Assistant's frontend gets: the card, and the data that it draws."""
