"""Who is let in as an RM, and the websocket that it speaks on."""
