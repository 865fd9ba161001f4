"""From the wish for a schedule to a request, to a job on the server, to its result."""
