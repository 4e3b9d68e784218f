"""Second steps move from allauth's table, which is emptied: recovery codes are kept as digests from now on."""

import hashlib
import hmac
import json
import time
from typing import Any

from django.db import migrations
from django.utils.crypto import salted_hmac

from identity.core.encryption import unseal
from identity.core.errors import Refused

TABLE = "mfa_authenticator"


def move(apps: Any, schema_editor: Any) -> None:
    """What can't be unsealed, since SECRET_KEY has changed, works no more as it is and is left out."""
    connection = schema_editor.connection
    if TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT user_id, type, data FROM {TABLE}")  # noqa: S608  constants
        rows = [(user, kind, data if isinstance(data, dict) else json.loads(data)) for user, kind, data in cursor]
    _move_apps(apps, [(user, data) for user, kind, data in rows if kind == "totp"])
    _move_codes(apps, [(user, data) for user, kind, data in rows if kind == "recovery_codes"])
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")  # noqa: S608  constants


def _move_apps(apps: Any, rows: list[tuple[int, dict[str, Any]]]) -> None:
    """A code that was used a moment ago works no more."""
    model = apps.get_model("identity", "SecondFactor")
    now = int(time.time()) // 30
    model.objects.bulk_create(model(user_id=user, secret=data["secret"], last_step=now) for user, data in rows)


def _move_codes(apps: Any, rows: list[tuple[int, dict[str, Any]]]) -> None:
    model = apps.get_model("identity", "RecoveryCode")
    for user, data in rows:
        codes = {_digest(user, code) for code in _unused(data)}
        model.objects.bulk_create(model(user_id=user, digest=code) for code in codes)


def _digest(user: int, code: str) -> str:
    return salted_hmac("identity.RecoveryCode", f"{user}:{code}", algorithm="sha256").hexdigest()


def _unused(data: dict[str, Any]) -> list[str]:
    """allauth derives ten codes of eight digits from a seed, and marks the used ones by bits."""
    try:
        seed = unseal(data["seed"])
    except (KeyError, Refused):
        return []
    mac, codes = hmac.new(seed.encode(), None, hashlib.sha1), []
    for number in range(10):
        mac.update(f"{number:3},".encode())
        codes.append(str(int.from_bytes(mac.digest()[:4], "big") % 10**8).zfill(8))
    return [code for number, code in enumerate(codes) if not data.get("used_mask", 0) & (1 << number)]


def move_back(apps: Any, schema_editor: Any) -> None:
    """Apps only, where the earlier release's table is: no digest becomes a code again."""
    connection = schema_editor.connection
    if TABLE not in connection.introspection.table_names():
        return
    model = apps.get_model("identity", "SecondFactor")
    rows = list(model.objects.values_list("user_id", "secret", "created_at"))
    with connection.cursor() as cursor:
        for user, secret, at in rows:
            cursor.execute(
                f"INSERT INTO {TABLE} (user_id, type, data, created_at) VALUES (%s, 'totp', %s, %s)",  # noqa: S608
                [user, json.dumps({"secret": secret}), connection.ops.adapt_datetimefield_value(at)],
            )


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0031_second_factors"),
    ]

    operations = [
        migrations.RunPython(move, move_back),
    ]
