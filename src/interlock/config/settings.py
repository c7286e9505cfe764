"""Django's settings. What an operator may change is read from the environment, here and nowhere else."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

from interlock.config.home import home, secret_key

env = Env()

PACKAGE = Path(__file__).resolve().parent.parent
HOME = home()


def base_url(host: str, port: int) -> str:
    """Where people find this installation; links in e-mails start with it."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return env.str("INTERLOCK_BASE_URL", f"http://{reached}:{port}").rstrip("/")


# --- The installation ----------------------------------------------------------------------------

SECRET_KEY = secret_key(HOME)
DEBUG = env.bool("INTERLOCK_DEBUG", False)
HOST = env.str("INTERLOCK_HOST", "127.0.0.1")
PORT = env.int("INTERLOCK_PORT", 8000)
WEB_PROCESSES = env.int("INTERLOCK_WEB_PROCESSES", 2)
BASE_URL = base_url(HOST, PORT)
SECURE = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("INTERLOCK_HOSTS", [urlsplit(BASE_URL).hostname or "", "127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL] if SECURE else []
# How many proxies of the operator's own stand before us: what they say of the client's address is believed.
TRUSTED_PROXIES = env.int("INTERLOCK_TRUSTED_PROXIES", 0)

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ninja",
    "interlock.jobs",
    "interlock.workspaces",
    "interlock.organisation",
    "interlock.alignment",
    "interlock.people",
    "interlock.strategy",
    "interlock.backlog",
    "interlock.risks",
    "interlock.releases",
    "interlock.launch",
    "interlock.connect",
    "interlock.web",
    "interlock.config",
]

MIDDLEWARE = [
    # These first, so that whatever the others answer leaves with the headers that protect it.
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "interlock.workspaces.rest.middleware.ApiMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "interlock.workspaces.middleware.SessionLifeMiddleware",
    "interlock.workspaces.middleware.MemberMiddleware",
    "interlock.web.middleware.PageMiddleware",
]

ROOT_URLCONF = "interlock.config.urls"
ASGI_APPLICATION = "interlock.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps': these dress allauth's pages.
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "interlock.web.context.shell",
            ],
        },
    }
]

FORM_RENDERER = "interlock.web.forms.Renderer"
CSRF_FAILURE_VIEW = "interlock.web.views.csrf_failure"

# --- Data ----------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.dj_db_url("DATABASE_URL", f"sqlite:///{HOME / 'interlock.sqlite3'}")
}
_database = DATABASES["default"]
_options = _database.setdefault("OPTIONS", {})
if _database["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a busy team's writes would else fail as "locked".
    # FULL: an acknowledged write survives a power cut.
    _options.update(
        transaction_mode="IMMEDIATE",
        timeout=20,
        init_command="PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000;",
    )
    _database["CONN_MAX_AGE"] = None
else:
    _options.update(
        pool={
            "min_size": 1,
            "max_size": env.int("INTERLOCK_DATABASE_POOL", 8),
            "timeout": env.int("INTERLOCK_DATABASE_TIMEOUT", 10),
        }
    )
    _database["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# One file for the processes of a host; where several hosts serve, CACHE_URL names what they share.
CACHES: dict[str, dict[str, Any]] = {
    "default": env.dj_cache_url("CACHE_URL")
    if env.str("CACHE_URL", "")
    else {"BACKEND": "interlock.config.cache.SharedCache", "LOCATION": HOME / "cache.sqlite3"}
}

# A lane each: what waits in one queue, for a mail server perhaps, does not hold up the others.
TASKS = {"default": {"BACKEND": "interlock.jobs.backend.JobBackend", "QUEUES": ["default", "import", "mail", "plan"]}}
# A worker not heard of for this long counts as dead, and another takes up its jobs.
WORKER_TIMEOUT = timedelta(seconds=env.int("INTERLOCK_WORKER_TIMEOUT", 30))

# --- Who is who ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "workspaces.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Who makes an account, and a workspace: whoever finds this installation, or who was invited to it.
SIGN_UP = env.str("INTERLOCK_SIGN_UP", "open", validate=validate.OneOf(["open", "invited"]))
ACCOUNT_EMAIL_VERIFICATION = env.str("INTERLOCK_EMAIL_VERIFICATION", "mandatory")
ACCOUNT_SIGNUP_FORM_CLASS = "interlock.workspaces.forms.SignupForm"
ACCOUNT_ADAPTER = "interlock.workspaces.accounts.AccountAdapter"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
# Whoever finds a screen unlocked cannot make the account theirs by adding an address.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"login_failed": "10/3m/ip,5/30m/key"}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Tell people when the ways into their account change.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
MFA_ADAPTER = "interlock.workspaces.accounts.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Interlock"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE

# --- The API -------------------------------------------------------------------------------------

# Of one token, or of one person who is signed in.
API_REQUESTS_PER_MINUTE = env.int("INTERLOCK_API_REQUESTS_PER_MINUTE", 600)

# --- Sessions, cookies, headers ------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
# Pages get the CSRF token as an attribute of their body; no script needs to read the cookie.
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if SECURE:
    # Browsers take a cookie of such a name from this very host alone, never from a neighbour below the same domain.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_AGE = int(timedelta(days=env.int("INTERLOCK_SESSION_DAYS", 30)).total_seconds())
SESSION_IDLE = timedelta(days=env.int("INTERLOCK_SESSION_IDLE_DAYS", 7))
SESSION_ABSOLUTE = timedelta(seconds=SESSION_COOKIE_AGE)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_SSL_REDIRECT = SECURE
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# No inline script and no inline style anywhere: colours and sizes come by attribute, scripts by module.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Mail ----------------------------------------------------------------------------------------

_email = env.dj_email_url("EMAIL_URL", "console:")
if "EMAIL_BACKEND" not in _email:
    raise ImproperlyConfigured("EMAIL_URL begins with submission://, smtp:// or console: (see docs/configuration.md).")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email.get("EMAIL_HOST", "localhost")
EMAIL_PORT = _email.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("INTERLOCK_FROM_EMAIL", "interlock@localhost")

# --- Language, time, files -----------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("INTERLOCK_TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = HOME / "files"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
# Files go to the disk as they come, and no further than this; an import takes 200 MB.
FILE_UPLOAD_HANDLERS = ["interlock.workspaces.uploads.BoundedUpload"]
UPLOAD_LARGEST = 210_000_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"unspoken": {"()": "interlock.workspaces.security.Unspoken"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["unspoken"]}},
    # Each attempt to reach an absent database; the command that needed it says so once.
    "loggers": {"psycopg.pool": {"level": "ERROR"}},
    "root": {"handlers": ["console"], "level": env.str("INTERLOCK_LOG_LEVEL", "INFO")},
}

SILENCED_SYSTEM_CHECKS: list[str] = []
