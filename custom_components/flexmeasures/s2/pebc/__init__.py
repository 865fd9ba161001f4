"""Power envelope based control: the RM does as it wants within the limits that it is given."""
