"""Preview, then apply exactly that: what a page hands back of the preview that it showed."""

from __future__ import annotations

from django.forms import CharField, Form


class FingerprintForm(Form):
    """The fingerprint of the preview that was shown."""

    fingerprint = CharField(error_messages={"required": "The preview is missing: look at it and apply again."})
