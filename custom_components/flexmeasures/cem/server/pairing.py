"""What an S2 resource manager needs to connect as a device: an address and a token."""

from base64 import b64decode
from binascii import Error
from hashlib import sha256
import hmac
from secrets import token_hex, token_urlsafe


def new_route() -> str:
    """Return the end of a new address: says nothing, and is no secret."""
    return token_hex(8)


def websocket_address(home_assistant: str, route: str) -> str:
    """Return where a device connects, given Home Assistant's URL; ws for http, wss for https."""
    return f"ws{home_assistant.removeprefix('http')}/api/flexmeasures/s2/{route}"


def new_token() -> str:
    """Return a new secret, of which only the hash may be kept."""
    return token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return the SHA-256 in hexadecimal digits.

    A salt or a slow hash would add nothing to a secret that nobody can guess.
    """
    # Bytes of a header that are no text come as surrogates.
    return sha256(token.encode(errors="surrogatepass")).hexdigest()


def matches(token: str, token_hash: str) -> bool:
    """Return whether the hash is the token's; takes as long for any wrong token."""
    return hmac.compare_digest(hash_token(token), token_hash)


def offered_token(authorization: str) -> str:
    """Return the token in an Authorization header; empty where there is none.

    As a bearer token, or as the password of HTTP Basic with any user name: forms of
    some devices, like Node-RED's, have no field for anything else.
    """
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            try:
                told = b64decode(credentials.strip(), validate=True).decode()
            except Error, ValueError:
                return ""
            return told.partition(":")[2]
    return ""
