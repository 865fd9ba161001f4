"""Power profile based control: a course of power that is fixed, of which the time is chosen."""
