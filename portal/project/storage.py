"""Names of static files."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Names with a digest, cached forever, once collectstatic has written them; plain names before that.

    So `manage.py runserver` and the tests need no build, whatever DEBUG is.
    """

    def stored_name(self, name: str) -> str:
        built: str | None = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return built or name
