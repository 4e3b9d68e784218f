"""Settings an operator may choose come from the environment (README, Configuration); the rest is here."""

from urllib.parse import urlsplit

from django.templatetags.static import static
from environ import Env

from portal.project.databases import database_config, replica_beside
from portal.project.logging import audit_event_handler
from portal.project.own_files import own_folder, secret_key_in
from portal.project.proxies import trusted_networks
from portal.project.tasks import BACKENDS
from portal.project.variables import BASE_DIR, of_this_process, written_host

env = of_this_process()

DATA_DIR = env.DATA_DIR  # everything the portal writes outside its database: nothing in it is in git

# --- the portal's public URL ----------------------------------------------------------------------------

DEBUG = env.DEBUG

# Links, Location headers and meta.location come from here, never from a request's headers (SR-31).
PUBLIC_URL = env.PUBLIC_URL
PUBLIC = urlsplit(PUBLIC_URL)
IS_HTTPS = PUBLIC.scheme == "https"
PUBLIC_HOST = written_host(PUBLIC)

ALLOWED_HOSTS = env.ALLOWED_HOSTS
CSRF_TRUSTED_ORIGINS = env.CSRF_TRUSTED_ORIGINS

# Earlier keys, after a SECRET_KEY rotation: what they signed and encrypted stays valid (docs/administrators-guide.md).
SECRET_KEY_FALLBACKS = env.SECRET_KEY_FALLBACKS
SECRET_KEY = env.SECRET_KEY or secret_key_in(DATA_DIR)

# --- application ----------------------------------------------------------------------------------------

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
AUTH_USER_MODEL = "identity.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    # Not plain "unfold": that one swaps the admin site for its own, behind the back of the portal's
    # (portal.apps).
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "portal.apps.PortalAdminConfig",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.usersessions",
    "django_scim",
    "django_tasks",
    "django_tasks_db",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "identity",
    "scim",
    "portal.apps.PortalConfig",
]

# Without a collector nothing of OpenTelemetry is even loaded.
TRACES, OTEL_SERVICE_NAME = bool(env.OTEL_EXPORTER_OTLP_ENDPOINT), env.OTEL_SERVICE_NAME

MIDDLEWARE = [
    "portal.project.request_log.request_log",
    *(["portal.project.traces.trace_requests"] if TRACES else []),
    "portal.project.counters.count_requests",
    "portal.project.replicas.remember_writes",
    "scim.middleware.SCIMErrorMiddleware",  # outside all others: any error under /scim/ is answered in SCIM
    "portal.project.middleware.client_address",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before whatever asks the database: the page that says that it is away has these headers, too.
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.project.middleware.CSPMiddleware",
    "portal.session.middleware.SessionMiddleware",
    "portal.project.middleware.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.session.middleware.AuthenticationMiddleware",
    "portal.session.middleware.refusals",
    "portal.api.middleware.APIBodyLimit",
    "portal.project.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.project.unstored.UnstoredMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "portal" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.project.request_log.in_templates",
            ],
        },
    },
]

AUTHENTICATION_BACKENDS = ["portal.session.auth.PasswordBackend", "portal.session.auth.SSOBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_RESET_TIMEOUT = 3600
# In the session: a cookie of its own would need its own hardening.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "portal.account.passwords.MinimumLength", "OPTIONS": {"min_length": 12}},
    {"NAME": "portal.account.passwords.HardToGuess"},
]

# --- database -------------------------------------------------------------------------------------------

# Never ATOMIC_REQUESTS: every service is its own transaction, and a refusal commits its log rows (SR-35).
STATEMENT_TIMEOUT = env.STATEMENT_TIMEOUT
DATABASE_POOLER = env.DATABASE_POOLER
DATABASE_DIRECT_URL = env.DATABASE_DIRECT_URL
DATABASES = {
    "default": database_config(
        env.DATABASE_URL,
        statement_timeout=STATEMENT_TIMEOUT,
        pooler=DATABASE_POOLER,
        connections=env.DATABASE_CONNECTIONS,
    )
}

# What may be a little older is read from a standby, where there is one (identity.db.replica).
DATABASE_REPLICA_LAG = env.DATABASE_REPLICA_LAG
DATABASE_REPLICA_READS = env.DATABASE_REPLICA_READS
if env.DATABASE_REPLICA_URL:
    DATABASES["replica"] = replica_beside(
        DATABASES["default"],
        env.DATABASE_REPLICA_URL,
        statement_timeout=STATEMENT_TIMEOUT,
        pooler=DATABASE_POOLER,
        connections=env.DATABASE_CONNECTIONS,
    )
    DATABASE_ROUTERS = ["identity.db.replica.Router"]

# How long a result of /readyz is reused, however often it is requested.
READINESS_SECONDS = 1

METRICS_TOKEN = env.METRICS_TOKEN

# Shared by all workers: throttling of wrong passwords, and single-use codes and tokens. The default cache is
# per process.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "shared": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    },
}

# --- time and language ----------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

# --- static files and mail ------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = own_folder(env.STATIC_DIR.parent, env.STATIC_DIR.name)  # one that was named exists
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.project.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()  # not built: serve the apps' own files
WHITENOISE_ALLOW_ALL_ORIGINS = False

_MAIL = Env.email_url_config(env.EMAIL_URL)
if _MAIL["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend":
    _MAIL["EMAIL_BACKEND"] = "portal.project.console.EmailBackend"
vars().update(_MAIL)
DEFAULT_FROM_EMAIL = env.DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10

# --- background work ------------------------------------------------------------------------------------

# "immediate": once the change has committed. "database": queued with the change, done by `make worker`.
TASKS = {"default": {"BACKEND": BACKENDS[env.TASKS]}}

SCHEDULE = env.SCHEDULE

# Days after which old records go by themselves; 0: they are kept forever; None: as the portal's owners chose.
PROVISIONING_LOG_DAYS = env.PROVISIONING_LOG_DAYS
PROVISIONING_REQUEST_DAYS = env.PROVISIONING_REQUEST_DAYS
AUDIT_PERSONAL_DATA_DAYS = env.AUDIT_PERSONAL_DATA_DAYS

SUPPORT_CONTACT = env.SUPPORT_CONTACT

# --- security -------------------------------------------------------------------------------------------

SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
SESSION_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would drop it on the way back from the identity provider's login page
SESSION_ENGINE = "portal.session.store"
SESSION_COOKIE_AGE = 12 * 3600  # from the sign-in, whatever happens in between
# After this long without a request of the user, a session ends early; 0: it does not.
SESSION_IDLE_SECONDS = 60 * env.SESSION_IDLE_MINUTES

CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

# Proxies, by address or network, whose X-Forwarded-For is trusted: throttles and the trail then see the callers.
FORWARDED_ALLOW_IPS = env.FORWARDED_ALLOW_IPS
TRUSTED_PROXIES = trusted_networks(FORWARDED_ALLOW_IPS)

# TLS ends at a proxy. gunicorn trusts its X-Forwarded-Proto only from FORWARDED_ALLOW_IPS (default: this
# host), so Django needs no setting that would trust everyone's.
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "auth.E003",  # a username is unique by its stored key (username_key), which sign-in uses, too
    "auth.W004",
    "security.W005",  # HSTS for subdomains, preloading: not ours to decide for a company
    "security.W021",
    "security.W009",  # gatehouse.E003 refuses weak keys
    "security.W025",
    "security.W008",  # the proxy that ends TLS redirects; the portal behind it would redirect forever
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}

# SR-32: a full push of 50,000 members is near 3.5 MB, which Django's own limit of 2.5 MB would refuse.
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# --- single sign-on ------------------------------------------------------------------------------------

# SR-43: the portal calls identity providers over https, at public addresses. An identity provider inside the
# company's network is named here by its origin, as in https://sso.corp.example.
SSO_INTERNAL_ORIGINS = env.SSO_INTERNAL_ORIGINS
# So with receivers of webhooks.
WEBHOOK_INTERNAL_ORIGINS = env.WEBHOOK_INTERNAL_ORIGINS

# Of allauth's pages only the ones in portal.sso.urls are reachable; it keeps no accounts of its own here.
SOCIALACCOUNT_ADAPTER = "portal.sso.adapter.SSOAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
ACCOUNT_ADAPTER = "portal.sso.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
TOTP_ISSUER = "Gatehouse"  # what an authenticator app or a passkey shows beside the account

# --- admin UI -------------------------------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": "Gatehouse",
    "SITE_HEADER": "Gatehouse",
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("portal/logo.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("portal/logo.svg")}],
    "STYLES": [lambda request: static("portal/portal.css")],
    "SCRIPTS": [
        lambda request: static("portal/icons.js"),
        lambda request: static("portal/labels.js"),
        lambda request: static("portal/once.js"),
        lambda request: static("portal/copy.js"),
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ACCOUNT": {"navigation": "portal.admin.frame.navigation.account_links"},
    "SIDEBAR": {"navigation": "portal.admin.frame.navigation.sidebar"},
}

# --- SCIM -----------------------------------------------------------------------------------------------

SCIM_SERVICE_PROVIDER = {
    "USER_MODEL_GETTER": "scim.config.sso_user_model",
    "USER_ADAPTER": "scim.adapters.users.SCIMUser",
    "USER_FILTER_PARSER": "scim.queries.filters.SCIMUserFilter",
    "GROUP_MODEL": "identity.models.SSOGroup",
    "GROUP_ADAPTER": "scim.adapters.groups.SCIMGroup",
    "GROUP_FILTER_PARSER": "scim.queries.filters.SCIMGroupFilter",
    "SERVICE_PROVIDER_CONFIG_MODEL": "scim.config.ServiceProviderConfig",
    "BASE_LOCATION_GETTER": "scim.wire.addresses.base_location",
    "AUTH_CHECK_MIDDLEWARE": "scim.auth.TokenRequired",
    "SCHEME": PUBLIC.scheme,
    "NETLOC": PUBLIC.netloc,
    "AUTHENTICATION_SCHEMES": [
        {
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A SCIM token of the portal in the Authorization header",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": True,
        },
        {
            "type": "oauth2",
            "name": "OAuth 2.0 Access Token",
            "description": "An access token, issued for an hour for an assertion that a trust of the portal accepts",
            "specUri": "https://www.rfc-editor.org/rfc/rfc7523",
            "documentationUri": f"{PUBLIC_URL}/.well-known/oauth-authorization-server",
        },
    ],
    "WWW_AUTHENTICATE_HEADER": 'Bearer realm="Gatehouse SCIM"',
}

# --- REST API -------------------------------------------------------------------------------------------

# Per token, across all workers. Its use of the current minute is stored in its row.
API_REQUESTS_PER_MINUTE = env.API_REQUESTS_PER_MINUTE
SCIM_REQUESTS_PER_SECOND = env.SCIM_REQUESTS_PER_SECOND

REST_FRAMEWORK = {"URL_FORMAT_OVERRIDE": None}  # only the Accept header decides the format
SPECTACULAR_SETTINGS = {
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # `make lint` checks the whole document; an operator's doctor need not
    "TITLE": "Gatehouse",
    "VERSION": "1",
    "DESCRIPTION": "Everything that the portal's pages can do, by machine: the same rules, the same reasons.",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": "identity.models.IdentityProvider.Kind",
        "WebhookStateEnum": "identity.models.Webhook.State",
        "DeliveryStateEnum": "identity.models.WebhookDelivery.State",
        "BulkActionEnum": "identity.models.BulkRun.Kind",
        "OutcomeEnum": "identity.models.ProvisioningLog.Outcome",
        "BulkOutcomeEnum": "identity.models.BulkRow.Outcome",
        "ReasonEnum": "identity.models.Conflict.Reason",
        "ConflictStateEnum": "identity.models.Conflict.State",
        "TurnedAwayReasonEnum": "identity.models.TurnedAway.Reason",
        "TurnedAwayStateEnum": "identity.models.TurnedAway.State",
    },
    "GET_LIB_DOC_EXCLUDES": "portal.api.schema.undocumented",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api.schema.add_problems",
    ],
}

# --- logs -----------------------------------------------------------------------------------------------

# Where audit events go besides the database, as JSON lines: nowhere, "stdout", or a file (docs/events.md).
AUDIT_EVENTS = env.AUDIT_EVENTS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {"()": "portal.project.logging.RedactSecrets"},
        "seldom": {"()": "portal.project.logging.TracebacksSeldom"},
    },
    "formatters": {
        "json": {"()": "portal.project.logging.JSONFormatter"},
        "plain": {"format": "{levelname} {name}: {message}", "style": "{"},
        "audit_event": {"()": "portal.exchange.event_lines.AuditEventFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["redact"] if DEBUG else ["seldom", "redact"],
            "formatter": "plain" if DEBUG else "json",
        },
        "audit_events": audit_event_handler(AUDIT_EVENTS),
        "nowhere": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # Django's own handlers give way to ours; 4xx answers are routine and are in the provisioning log.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.request": {"level": "ERROR"},
        # Caused by anyone scanning the internet, each with a traceback; the answer is a 4xx like any other.
        "django.security.DisallowedHost": {"handlers": ["nowhere"], "propagate": False},
        "django.security.RequestDataTooBig": {"handlers": ["nowhere"], "propagate": False},
        "django.security.TooManyFieldsSent": {"handlers": ["nowhere"], "propagate": False},
        "identity.audit": {
            "handlers": ["audit_events"],
            "level": "INFO" if AUDIT_EVENTS else "CRITICAL",
            "propagate": False,
        },
        "django_tasks": {"level": "WARNING"},
        "fido2": {"level": "WARNING"},  # would log each sign-in by the id of its passkey
        "django_tasks_db": {"level": "WARNING"},
        # Each span that a collector does not take would be a line: portal.project.traces says it once.
        "opentelemetry.exporter": {"level": "CRITICAL"},
        "opentelemetry.sdk._shared_internal": {"level": "CRITICAL"},
    },
}
