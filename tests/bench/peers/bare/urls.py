from django.urls import path

from tests.bench.peers.bare.views import create_user

urlpatterns = [path("scim/v2/Users", create_user)]
