"""`manage.py first_start`: what `make run` does before it serves."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from identity.core.actors import Operator
from identity.models import Role, User
from identity.services import users

USERNAME = "owner"

WELCOME = """
  Gatehouse is ready for its first owner. This password is shown only now:

    Sign in at     {url}/admin/
    Username       {username}
    Password       {password}

    SCIM base URL  {url}/scim/v2
"""


class Command(BaseCommand):
    help = "Creates the first owner when the portal has none, and shows the generated password once."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(role=Role.OWNER).exists():
            return
        password = secrets.token_urlsafe(15)
        users.create_owner(username=USERNAME, email="", password=password, actor=Operator("first_start"))
        self.stdout.write(WELCOME.format(url=settings.PUBLIC_URL, username=USERNAME, password=password))
