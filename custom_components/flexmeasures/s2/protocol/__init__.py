"""S2 messages as JSON text: read tolerantly, and written as the specification says."""

from .codec import MalformedMessageError, decode, encode, new_id

__all__ = ["MalformedMessageError", "decode", "encode", "new_id"]
