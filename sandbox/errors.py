"""What goes wrong in the sandbox."""


class SandboxError(Exception):
    """Something in the sandbox could not be started, stopped or asked; the message is for the user."""
