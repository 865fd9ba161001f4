"""How an RM is controlled: under which control type, by which plan, with which instructions."""
