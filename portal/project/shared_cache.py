"""The cache shared by all workers: throttling of wrong passwords, and single-use codes and tokens."""

from django.core.cache import caches
from django.db import connection
from django.utils import timezone
from django.utils.connection import ConnectionProxy

cache = ConnectionProxy(caches, "shared")


def forget_expired() -> int:
    """Delete entries that are over; how many. Django does so only when there are too many."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM shared_cache WHERE expires < %s", [now])
        return int(cursor.rowcount)
