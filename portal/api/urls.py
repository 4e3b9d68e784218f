"""The addresses under /api/v1/."""

from django.urls import re_path
from rest_framework.routers import SimpleRouter

from portal.api.problems import no_such_address
from portal.api.users import Users

router = SimpleRouter(use_regex_path=False)
router.register("users", Users, "api-user")

urlpatterns = [*router.urls, re_path(r"^(?P<address>.*)$", no_such_address)]
