"""The cache shared by all workers: throttling of wrong passwords, and single-use codes and tokens."""

from django.core.cache import caches
from django.utils.connection import ConnectionProxy

cache = ConnectionProxy(caches, "shared")
