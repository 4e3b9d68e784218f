"""/scim/v2/: names as django-scim2 reverses them; every URL with and without a trailing slash.

A base URL configured with a trailing slash leads to //Users. (`[/]*`: Django warns of routes that begin with one.)
"""

from django.urls import re_path

from scim import bulk, root, views

app_name = "scim"

urlpatterns = [
    re_path(r"^[/]*$", root.RootView.as_view(), name="root"),
    re_path(r"^[/]*Users/+\.search/*$", views.UsersSearchView.as_view(), name="users-search"),
    re_path(r"^[/]*Users(?:/+(?P<uuid>[^/]+))?/*$", views.UsersView.as_view(), name="users"),
    re_path(r"^[/]*Groups/+\.search/*$", views.GroupsSearchView.as_view(), name="groups-search"),
    re_path(r"^[/]*Groups(?:/+(?P<uuid>[^/]+))?/*$", views.GroupsView.as_view(), name="groups"),
    re_path(
        r"^[/]*ServiceProviderConfig/*$", views.ServiceProviderConfigView.as_view(), name="service-provider-config"
    ),
    re_path(r"^[/]*ResourceTypes(?:/+(?P<uuid>[^/]+))?/*$", views.ResourceTypesView.as_view(), name="resource-types"),
    re_path(r"^[/]*Schemas(?:/+(?P<uuid>[^/]+))?/*$", views.SchemasView.as_view(), name="schemas"),
    re_path(r"^[/]*Me(?:/.*)?$", views.UnsupportedView.as_view(), name="me"),
    re_path(r"^[/]*Bulk/*$", bulk.BulkView.as_view(), name="bulk"),
    re_path(r"^[/]*\.search/*$", root.RootSearchView.as_view(), name="search"),
    re_path(r"^.*$", views.UnknownView.as_view(), name="unknown"),
]
