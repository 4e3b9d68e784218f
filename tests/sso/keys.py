"""RSA keys of providers. Making one takes longer than a whole sign-in, so few are made."""

from functools import cache
from itertools import cycle

from cryptography.hazmat.primitives.asymmetric import rsa

_TURNS = cycle(range(6))


@cache
def signing_key(name: str = "k1") -> rsa.RSAPrivateKey:
    """The same for the same name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_key() -> rsa.RSAPrivateKey:
    """One that none of the last five has been."""
    return signing_key(f"turn {next(_TURNS)}")
