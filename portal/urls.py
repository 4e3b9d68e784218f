"""The URLs of all doors (docs/design/rules.md)."""

from django.contrib import admin
from django.urls import include, path

from portal import admin as pages
from portal.account import own_notifications, own_tokens, passkeys, second_factor, sign_in
from portal.metrics.views import metrics
from portal.oauth import addresses
from portal.oauth import views as oauth
from portal.project import health, probes

handler400 = "portal.api.faults.bad_request"
handler500 = "portal.api.faults.server_error"

pages.load()

urlpatterns = [
    path("", sign_in.home, name="home"),
    path("login/", sign_in.SignInPage.as_view(), name="login"),
    path("logout/", sign_in.sign_out, name="logout"),
    path("profile/", sign_in.Profile.as_view(), name="profile"),
    path("login/code/", second_factor.SecondFactorPage.as_view(), name="second_factor"),
    path("login/set-up-code/", second_factor.FirstSecondFactor.as_view(), name="second_factor_first"),
    path("profile/second-step/", second_factor.SetUpSecondFactor.as_view(), name="second_factor_set_up"),
    path("profile/second-step/replace/", second_factor.ReplaceSecondFactor.as_view(), name="second_factor_replace"),
    path("profile/second-step/codes/", second_factor.NewRecoveryCodes.as_view(), name="recovery_codes"),
    path("profile/second-step/remove/", second_factor.RemoveSecondFactor.as_view(), name="second_factor_remove"),
    path("login/passkey/", passkeys.SignInByPasskey.as_view(), name="passkey_sign_in"),
    path("login/passkey/question/", passkeys.ask_to_sign_in, name="passkey_sign_in_question"),
    path("login/code/passkey/", passkeys.SecondStepByPasskey.as_view(), name="passkey_second_step"),
    path("login/code/passkey/question/", passkeys.ask_for_second_step, name="passkey_second_step_question"),
    path("confirm-password/passkey/", passkeys.ConfirmByPasskey.as_view(), name="passkey_confirm"),
    path("confirm-password/passkey/question/", passkeys.ask_to_confirm, name="passkey_confirm_question"),
    path("login/add-passkey/", passkeys.FirstPasskey.as_view(), name="passkey_first"),
    path("login/add-passkey/question/", passkeys.ask_to_add_first, name="passkey_first_question"),
    path("profile/passkeys/", passkeys.OwnPasskeys.as_view(), name="passkeys"),
    path("profile/passkeys/new/", passkeys.AddPasskey.as_view(), name="passkey_add"),
    path("profile/passkeys/new/question/", passkeys.ask_to_add, name="passkey_add_question"),
    path("profile/passkeys/<int:pk>/rename/", passkeys.RenamePasskey.as_view(), name="passkey_rename"),
    path("profile/passkeys/<int:pk>/remove/", passkeys.RemovePasskey.as_view(), name="passkey_remove"),
    path("profile/sessions/<int:pk>/end/", sign_in.end_own_session, name="end_session"),
    path("profile/sessions/end-others/", sign_in.end_own_other_sessions, name="end_other_sessions"),
    path("profile/api-tokens/", own_tokens.OwnTokens.as_view(), name="own_tokens"),
    path("profile/api-tokens/new/", own_tokens.CreateOwnToken.as_view(), name="create_own_token"),
    path("profile/api-tokens/<int:pk>/revoke/", own_tokens.revoke_own_token, name="revoke_own_token"),
    path("profile/notifications/", own_notifications.OwnNotifications.as_view(), name="own_notifications"),
    path("confirm-password/", sign_in.ConfirmPassword.as_view(), name="confirm_password"),
    path("password/change/", sign_in.ChangePassword.as_view(), name="password_change"),
    path("password/reset/", sign_in.ResetPassword.as_view(), name="password_reset"),
    path("password/reset/sent/", sign_in.ResetPasswordSent.as_view(), name="password_reset_sent"),
    path(
        "password/reset/<uidb64>/<token>/",
        sign_in.ChooseNewPassword.as_view(),
        name="password_reset_confirm",
    ),
    path("invitations/<str:secret>/", sign_in.AcceptInvitation.as_view(), name="invitation"),
    path("sso/", include("portal.sso.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("portal.api.urls")),
    path("scim/v2/", include("scim.urls")),
    path(addresses.TOKEN_PATH, oauth.token, name="oauth_token"),
    path(addresses.METADATA_PATH, oauth.metadata, name="oauth_metadata"),
    path(probes.LIVE[1:], health.livez, name="livez"),
    path(probes.READY[1:], health.readyz, name="readyz"),
    path(probes.HEALTHY[1:], health.healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
]
