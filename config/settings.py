"""Django settings, from the environment alone (README, "Configuration").

Embedded by default: SQLite, filesystem broker, local disk, all under MODELWARRANT_HOME. Production by DATABASE_URL
and BROKER_URL; `config.startup` refuses combinations that cannot be meant.
"""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF
from environ import Env

from config import broker, environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

# -- where things are ----------------------------------------------------------------------------------------------
MODELWARRANT_HOME = Path(env.str("MODELWARRANT_HOME", default="") or BASE_DIR / "var").resolve()
MODELWARRANT_HOME.mkdir(parents=True, exist_ok=True, mode=0o700)

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
LOCAL = environment.is_local(ALLOWED_HOSTS)
SECRET_KEY, SECRET_KEY_GIVEN = environment.secret_key(os.environ, MODELWARRANT_HOME)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# -- applications --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "people.apps.GovernedAdminConfig",  # django.contrib.admin behind our own sign-in
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "guardian",
    # signs in by the identity provider; none of its pages, accounts or e-mail is used (people/provider.py)
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
    "ledger.apps.LedgerConfig",
    "people.apps.PeopleConfig",
    "registry.apps.RegistryConfig",
    "monitoring.apps.MonitoringConfig",
    "governance.apps.GovernanceConfig",
    "config.apps.StartupConfig",  # last: it verifies the tables of all others
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.ActorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.ServiceErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# -- database and cache --------------------------------------------------------------------------------------------
DATABASES = {
    "default": environment.database(
        env.str("DATABASE_URL", default=""), MODELWARRANT_HOME, env.str("DATABASE_PASSWORD_FILE", default="")
    )
}
# The password of the user whom `--table` names in an address (monitoring/warehouses.py); a file goes before.
WAREHOUSE_PASSWORD = os.environ.get(
    "WAREHOUSE_PASSWORD", ""
)  # django-environ would look up what begins with $
WAREHOUSE_PASSWORD_FILE = env.str("WAREHOUSE_PASSWORD_FILE", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# -- ledger --------------------------------------------------------------------------------------------------------
# The log's name as outsiders see it; `migrate` adds a random part, so that no two installations share one.
LEDGER_ORIGIN = env.str("LEDGER_ORIGIN", default="modelwarrant.local/log")
# Only the worker and operators' commands sign; the web's entry points say False before settings are read.
LEDGER_HOLDS_KEYS = env.bool("LEDGER_HOLDS_KEYS", default=True)
# Years that bodies are kept after a system's retirement, by tier: "high=10,medium=7,low=5" (registry/retention.py).
RETENTION_YEARS = {tier: int(years) for tier, years in env.dict("RETENTION_YEARS", default={}).items()}
# Who else holds our checkpoints: a tlog-policy file of witnesses, and places as kind:place, separated by spaces.
LEDGER_WITNESS_POLICY = env.str("LEDGER_WITNESS_POLICY", default="")
LEDGER_ANCHORS = env.str("LEDGER_ANCHORS", default="").split()
KEY_PASSPHRASE_FILE = env.str("KEY_PASSPHRASE_FILE", default="")
# keys in a hardware module (`key_request --provider pkcs11`): its library, the label of the token, a file with the PIN
PKCS11_MODULE = env.str("PKCS11_MODULE", default="")
PKCS11_TOKEN = env.str("PKCS11_TOKEN", default="modelwarrant")
PKCS11_PIN_FILE = env.str("PKCS11_PIN_FILE", default="")

# -- time and language ---------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
# When people work: deadlines count these days, and nothing lapses outside these hours (ledger/workdays.py).
WORKING_ZONE = env.str("WORKING_ZONE", default="UTC")
WORKING_HOURS = tuple(int(hour) for hour in env.list("WORKING_HOURS", default=["8", "18"]))
WORKING_WEEKDAYS = [int(day) for day in env.list("WORKING_WEEKDAYS", default=["0", "1", "2", "3", "4"])]
WORKING_COUNTRY = env.str("WORKING_COUNTRY", default="")

# -- mail ----------------------------------------------------------------------------------------------------------
# Off without EMAIL_URL: smtp://user:password@host:25, smtp+tls:// (STARTTLS), smtp+ssl://, consolemail://. What stands
# in mails and calendars leads to PORTAL_URL, never to a host that a request named.
PORTAL_URL = env.str("PORTAL_URL", default="").rstrip("/")
MAIL_ON, _mail = environment.mail(
    env.str("EMAIL_URL", default=""), env.str("EMAIL_PASSWORD_FILE", default="")
)
EMAIL_BACKEND = _mail["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="ModelWarrant <modelwarrant@localhost>")

# -- people --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian: nobody anonymous holds object permissions
GUARDIAN_MONKEY_PATCH_USER = GUARDIAN_MONKEY_PATCH_GROUP = False
LOGIN_URL = "people:sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Sign-in by an identity provider (OpenID Connect); off while OIDC_ISSUER is empty (docs/people.md).
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_NAME = env.str("OIDC_NAME", default="your organisation") if OIDC_ISSUER else ""
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET_FILE = env.str("OIDC_CLIENT_SECRET_FILE", default="")
OIDC_CA_FILE = env.str(
    "OIDC_CA_FILE", default=""
)  # authorities in PEM, where the provider's isn't a public one
# What the provider says where a second factor was shown: any of these in `acr`, or in `amr`.
OIDC_SECOND_FACTOR_ACR = env.list("OIDC_SECOND_FACTOR_ACR", default=[])
OIDC_SECOND_FACTOR_AMR = env.list("OIDC_SECOND_FACTOR_AMR", default=["mfa"])
# Pipelines that show their platform's identity: files with the public keys of issuers, as "https://issuer=/file.json,...".
WORKLOAD_ISSUERS = env.dict("WORKLOAD_ISSUERS", default={})
SOCIALACCOUNT_ADAPTER = "people.provider.NoDoors"
SOCIALACCOUNT_ONLY = True
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True}}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "none"

# -- browser -------------------------------------------------------------------------------------------------------
# Plain http is right for this machine alone; every other host name gets cookies and redirects for TLS.
SECURE = env.bool("SECURE_COOKIES", default=not LOCAL)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 8 * 60 * 60
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SECURE)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes come over plain http from inside
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_REFERRER_POLICY = "same-origin"
if env.bool("TRUST_PROXY_HEADERS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# where a trusted proxy puts the caller's address, as a key of META (HTTP_X_FORWARDED_FOR); limits on sign-in count by it
CLIENT_ADDRESS_HEADER = env.str("CLIENT_ADDRESS_HEADER", default="")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# preloading HSTS is a promise about a whole domain: the operator's to make, not ours
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# -- files ---------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = None if LOCAL else BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = LOCAL  # no collectstatic before the first look
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MODELWARRANT_HOME / "media")},
    },
    "artifacts": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(MODELWARRANT_HOME / "artifacts"), "file_permissions_mode": 0o440},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # also the limit of a JSON body, people.parsers
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# -- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "people.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["people.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "config.pagination.CursorPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.api_errors.handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ModelWarrant",
    "DESCRIPTION": "Register versions, request checks, ask the gate, report deployments and production data.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ComponentKind": "registry.models.versions.ComponentKind",
        "DependencyKind": "registry.models.dependencies.DependencyKind",
        "FieldKind": "registry.models.fields.FieldKind",
        "RiskTier": "registry.models.systems.RiskTier",
        "ReportKind": ["scorecard", "audit"],
    },
}

# -- checks ---------------------------------------------------------------------------------------------------------
# How long a worker may be silent about a check before another one takes it over.
CHECK_LEASE_SECONDS = env.int("CHECK_LEASE_SECONDS", default=600)

# -- warrants --------------------------------------------------------------------------------------------------------
# For how many minutes a signed status list holds; a new one is made at half of it, and whenever a warrant falls.
STATUS_MINUTES = env.int("STATUS_MINUTES", default=60)

# -- background work -----------------------------------------------------------------------------------------------
CELERY_BROKER_URL = env.str("BROKER_URL", default="") or "filesystem://"
BROKER_EMBEDDED = CELERY_BROKER_URL.startswith("filesystem:")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "modelwarrant"
if BROKER_EMBEDDED:
    CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport_options(
        MODELWARRANT_HOME / "broker", queue=CELERY_TASK_DEFAULT_QUEUE, polling_seconds=0.1
    )
else:
    # a door never waits on the broker: what it wanted to wake is a row, and the sweeps find it
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 5}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_TIMEOUT = 4
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CARRIES_BEAT = BROKER_EMBEDDED
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"

# (task, seconds between two). Each finds its own due rows; a missed or doubled beat changes nothing.
SCHEDULE = [
    ("ledger.sequence", 2),
    ("ledger.outbox", 5),
    ("ledger.outside", 60),
    ("monitoring.sweep", 5),
    ("governance.sweep", 10),
    ("governance.keep", 60),
    ("people.sweep", 30),
    ("people.digests", 300),
    ("governance.deadlines", 300),
    ("registry.sweep", 300),
    ("ledger.self_audit", 3600),
]
CELERY_BEAT_SCHEDULE = {
    # a beat nobody took before the next one is not worth taking
    name: {"task": name, "schedule": float(seconds), "options": {"expires": float(seconds)}}
    for name, seconds in SCHEDULE
}

# -- logs ----------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_secrets": {"()": "config.logs.NoSecrets"}},
    "formatters": {
        "json": {"()": "config.logs.JsonFormatter"},
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["no_secrets"],
            "formatter": env.str("LOG_FORMAT", default="text" if LOCAL else "json"),
        },
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "kombu.connection": {"level": "ERROR"},  # warns that a filesystem broker has no host name
    },
}
