"""The cache that all workers share: pauses after wrong passwords, and codes and tokens that work once."""

from django.core.cache import caches
from django.utils.connection import ConnectionProxy

cache = ConnectionProxy(caches, "shared")
