"""How a command finds what its arguments name."""

from identity.errors import NotFound
from identity.keys import fold
from identity.models import IdentityProvider, User


def find_user(username: str) -> User:
    """The user with this username, compared as everywhere (case does not matter). Raises NotFound."""
    user: User | None = User.objects.filter(username_key=fold(username.strip())).first()
    if user is None:
        raise NotFound(f"There is no user named {username}.")
    return user


def find_identity_provider(name: str) -> IdentityProvider:
    """The IdP with this name. Raises NotFound."""
    provider = IdentityProvider.objects.filter(name_key=fold(name).strip()).first()
    if provider is None:
        raise NotFound(f"There is no identity provider named {name}.")
    return provider
