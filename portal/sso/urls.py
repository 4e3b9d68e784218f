"""The URLs registered with identity providers. Names and parameters are those that allauth expects."""

from django.urls import path

from portal.sso import logout, views

urlpatterns = [
    path("<slug:slug>/", views.start, name="sso_start"),
    path("<slug:provider_id>/callback/", views.oidc_callback, name="openid_connect_callback"),
    path("<slug:slug>/backchannel-logout/", logout.backchannel_logout, name="sso_backchannel_logout"),
    path("<slug:organization_slug>/acs/", views.saml_acs, name="saml_acs"),
    path("<slug:organization_slug>/acs/finish/", views.saml_finish, name="saml_finish_acs"),
    path("<slug:organization_slug>/metadata/", views.saml_metadata, name="saml_metadata"),
]
