"""The portal's own doors (admin UI, command line) and the settings that hold everything together."""

# Before Python 3.13 pydantic looks through every loaded module for each docstring of these models: read first, while
# few are loaded, they take a second less of each start.
import scim2_models  # noqa: F401
