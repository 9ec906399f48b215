"""Settings. Everything that differs between machines comes from the environment (.env.example)."""

import logging
from typing import Any
from urllib.parse import urlsplit

import structlog
from csp.constants import NONE, SELF
from django.templatetags.static import static
from django.urls import reverse_lazy
from kombu import Queue

from marketplace.database import postgres, sqlite
from marketplace.env import BASE_DIR, QUEUES, environment_read
from marketplace.store_url import s3_options
from marketplace.var_dir import folder_ready, secret_kept, socket_path

env = environment_read()
VAR_DIR = folder_ready(env.VAR_DIR)

DEBUG = env.DEBUG
SECRET_KEY = env.SECRET_KEY or secret_kept(VAR_DIR / "secret_key")
ALLOWED_HOSTS = [*env.ALLOWED_HOSTS, *([str(urlsplit(env.MEDIA_HOST).hostname)] if env.MEDIA_HOST else [])]
CSRF_TRUSTED_ORIGINS = env.CSRF_TRUSTED_ORIGINS
SITE_URL = env.SITE_URL
SITE_NAME = env.SITE_NAME

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "simple_history",
    "marketplace.accounts",
    "marketplace.operator_pages",
    "marketplace.catalogue",
    "marketplace.registry",
    "marketplace.listings",
    "marketplace.photos",
    "marketplace.trade",
    "marketplace.moderation",
    "marketplace.privacy",
    "marketplace.training",
    "marketplace.api",
    "marketplace.operations",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "marketplace.outages.RetryMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "marketplace.content_policy.ContentPolicyMiddleware",
    "marketplace.media_host.MediaHostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "marketplace.accounts.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "marketplace.upload_limits.BodySizeMiddleware",  # must precede CsrfViewMiddleware, which reads the body
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "marketplace.trade.favourites.middleware.SavedCarsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "marketplace.partials.PartialsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "marketplace.outages.OutageMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["marketplace.operator_pages.templatetags.site"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "marketplace.trade.context.trade",
            ],
        },
    },
]

DATABASES = {"default": postgres(env.DATABASE_URL) if env.DATABASE_URL else sqlite(VAR_DIR / "forecourt.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis is the broker and the cache of rate limits. Without REDIS_URL, the embedded server is used,
# on a socket in VAR_DIR.
REDIS_SOCKET = socket_path(VAR_DIR / "redis.sock")
REDIS_URL = env.REDIS_URL
CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{REDIS_SOCKET}"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# An upload must not hang while the broker is unavailable: the sweep rings again. Without
# max_retries, kombu tries for six seconds. Workers and the scheduler have their own settings for
# waiting until the broker returns.
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 30, "max_retries": 0}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_LOST_WAIT = 1.0  # s for the result of a killed child, which nobody reads, before the next task
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONCURRENCY = 1
CELERY_TIMEZONE = "UTC"
# Kept in memory: every task is due within minutes anyway, and a file could be damaged by a kill.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
# Name: (task, every so many seconds, expires). So a worker that was down for a day does not find
# thousands of them.
_SCHEDULE = {
    "photos-sweep": ("photos.tasks.sweep", 15.0, 60),
    "photos-tidy": ("photos.tasks.tidy", 600.0, 600),
    "rerecognise-sweep": ("training.tasks.rerecognise_sweep", 30.0, 60),
    "listings-sweep": ("listings.tasks.sweep", 300.0, 300),
    "listings-mails": ("listings.tasks.send_mails", 60.0, 60),
    "trade-mails": ("trade.tasks.send_mails", 60.0, 60),
    "trade-sweep": ("trade.tasks.sweep", 300.0, 300),
    "trainings-watch": ("training.tasks.watch", 15.0, 60),
    "moderation-review": ("moderation.tasks.review_submitted", 15.0, 60),
    "moderation-donations": ("moderation.tasks.donations_sweep", 300.0, 300),
}
CELERY_BEAT_SCHEDULE = {
    name: {"task": f"marketplace.{task}", "schedule": every, "options": {"expires": expires}}
    for name, (task, every, expires) in _SCHEDULE.items()
}
# One queue for each kind of wait: a seller's photos, second looks and heat maps, slow mail servers;
# "celery" is the rest, which is short. In compose each has a worker of its own.
CELERY_TASK_QUEUES = tuple(Queue(name) for name in QUEUES)
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {
    "marketplace.photos.tasks.recognise_pending": {"queue": "recognise"},
    "marketplace.photos.tasks.draw_heatmaps": {"queue": "look-again"},
    "marketplace.training.tasks.rerecognise": {"queue": "look-again"},
    "marketplace.listings.tasks.send_mails": {"queue": "mail"},
    "marketplace.trade.tasks.send_mails": {"queue": "mail"},
    "marketplace.training.tasks.train": {"queue": "train"},
}
ENGINE_QUEUES = {"recognise", "look-again"}  # whose workers open a recogniser
WORKERS = env.WORKERS
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL or f"unix://{REDIS_SOCKET}",
    }
    if REDIS_URL
    else {
        "BACKEND": "marketplace.file_cache.CountingFileCache",
        "LOCATION": VAR_DIR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},  # with more, any of them go, counts of misuse too
    }
}

# Static files are either collected, compressed and named by content, which `make run` does by
# itself and other sites by `manage.py collectstatic`, or served from their source folders.
STATIC_COLLECTED = env.STATIC_COLLECTED
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "marketplace.storage.DurableStorage"},
    "staticfiles": {
        "BACKEND": "marketplace.static_files.StaticFiles"
        if STATIC_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
if env.STORE_URL:  # several machines: photos, artefacts and the files of trainings are shared
    STORAGES |= {
        name: {"BACKEND": "marketplace.s3.Store", "OPTIONS": s3_options(env.STORE_URL, folder=folder)}
        for name, folder in (("default", "media"), ("artefacts", "artefacts"), ("runs", "runs"))
    }
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_HOST = env.MEDIA_HOST  # serves pictures alone: see marketplace.media_host
MEDIA_URL = f"{MEDIA_HOST}/media/"
STATIC_URL = "/static/"
STATIC_ROOT = env.STATIC_ROOT or (BASE_DIR / "staticfiles" if STATIC_COLLECTED else VAR_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not STATIC_COLLECTED
FILE_UPLOAD_PERMISSIONS = 0o644

# Photos
PHOTO_MAX_BYTES = env.PHOTO_MAX_BYTES
PHOTO_MAX_PIXELS = env.PHOTO_MAX_PIXELS
PHOTOS_PER_LISTING = env.PHOTOS_PER_LISTING
SELLER_PHOTOS_PER_HOUR = env.SELLER_PHOTOS_PER_HOUR
SELLER_DRAFTS = env.SELLER_DRAFTS
SELLER_MB = env.SELLER_MB
VISITOR_DECODE_SECONDS = env.VISITOR_DECODE_SECONDS
API_DECODE_SECONDS = env.API_DECODE_SECONDS
SELLER_DECODE_SECONDS = env.SELLER_DECODE_SECONDS
WEB_THREADS = env.WEB_THREADS
DISK_RESERVE_MB = env.DISK_RESERVE_MB
PHOTO_ATTEMPTS = 3
PHOTO_BATCH = env.PHOTO_BATCH
PHOTO_CLAIM_SECONDS = env.PHOTO_CLAIM_SECONDS
DATA_UPLOAD_MAX_MEMORY_SIZE = PHOTO_MAX_BYTES + 2**20

# The recogniser
ARTEFACTS_DIR = VAR_DIR / "artefacts"
RUNS_DIR = VAR_DIR / "runs"
ENGINE_CACHE_DIR = VAR_DIR / "engine-cache"
STARTER_WEIGHTS_DIR = BASE_DIR / "classifier" / "weights"
# Names, so that only processes that recognise import them, and tests can set their own.
RECOGNISER = "classifier.recognise.Recogniser"
# For the test photos of a retraining.
EVALUATION_RECOGNISER = "classifier.training.evaluation.cached_recogniser.CachedRecogniser"
RECOGNISER_ENGINE = env.RECOGNISER_ENGINE
RECOGNISER_DEVICE = env.RECOGNISER_DEVICE
# A challenger slower than this for a single photo does not serve, unless the champion is too.
RECOGNITION_BUDGET_MS = env.RECOGNITION_BUDGET_MS

# Moderation: whether submitted listings that leave no doubt are published without a moderator.
MODERATION_AUTO_APPROVE = env.MODERATION_AUTO_APPROVE
MODERATION_CLAIM_SECONDS = env.MODERATION_CLAIM_SECONDS
MODERATION_DEADLINE_HOURS = env.MODERATION_DEADLINE_HOURS
MODERATION_SECOND_PERCENT = env.MODERATION_SECOND_PERCENT
MODERATION_GOLD_PERCENT = env.MODERATION_GOLD_PERCENT

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "marketplace.accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "marketplace.accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = env.ACCOUNT_EMAIL_VERIFICATION
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {  # added to allauth's own
    "telephone": "30/h/ip",  # sellers' numbers that one visitor may see
    "export": "5/h/user",
    "typed": "30/h/ip",  # texts kept for a visitor until they signed in, each in a session
    "portrait": "20/h/user",
    "contact": "5/h/ip",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""  # else the host's name in brackets
ACCOUNT_CHANGE_EMAIL = True  # one address; a new one counts once it is confirmed
# Whoever finds a browser signed in can neither take the account over nor leave its owner untold.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds by which a telephone's clock may be off
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
EMAIL_BACKEND = env.EMAIL_BACKEND
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_HOST = env.EMAIL_HOST
EMAIL_PORT = env.EMAIL_PORT
EMAIL_HOST_USER = env.EMAIL_HOST_USER
EMAIL_HOST_PASSWORD = env.EMAIL_HOST_PASSWORD
EMAIL_TIMEOUT = 10  # seconds, after which a silent server counts as unavailable
EMAIL_USE_TLS = env.EMAIL_USE_TLS
DEFAULT_FROM_EMAIL = env.DEFAULT_FROM_EMAIL
OPERATOR_EMAIL = env.OPERATOR_EMAIL

# A visitor gets the language that was chosen, else what the browser asks for, else English.
# CONTRIBUTING.md says how to add one.
LANGUAGES = [("en-gb", "English"), ("pt-br", "Português (Brasil)"), ("de", "Deutsch"), ("es", "Español")]
LANGUAGE_CODE = "en-gb"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = env.COOKIES_SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["marketplace.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Security
PROXIES = env.PROXIES  # number of our own proxies in front that append to X-Forwarded-For
ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES
METRICS_TOKEN = env.METRICS_TOKEN
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *([env.MEDIA_HOST] if env.MEDIA_HOST else [])],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = env.SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = env.SECURE_HSTS_SECONDS
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.SECURE_HSTS_INCLUDE_SUBDOMAINS
# Browsers' built-in list takes a domain for years and with all its subdomains: its owner's choice,
# made there, not a default of a program.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.COOKIES_SECURE
SESSION_COOKIE_HTTPONLY = True

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    # Only JSON: DRF's browsable pages need inline scripts, and /api/docs/ is there to try it out.
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_CLASSES": ["marketplace.api.throttle.CountingThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "recognise": env.RECOGNISE_RATE,
        "api": env.API_RATE,
    },
    # Without this, callers could evade the limits by sending X-Forwarded-For.
    "NUM_PROXIES": PROXIES,
}
API_WAIT_SECONDS = env.API_WAIT_SECONDS
SPECTACULAR_SETTINGS = {
    "TITLE": "Forecourt",
    "DESCRIPTION": "A car marketplace that fills in the advertisement from the photos.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",  # so that the pages group operations by what comes after it
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # None: send our schema to no other host
}
UNFOLD = {
    "SITE_TITLE": "Forecourt",
    "SITE_HEADER": "Forecourt",
    "SITE_ICON": lambda _request: static("img/favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/favicon.svg")}],
    "STYLES": [lambda _request: static("css/admin.css")],
    "SHOW_HISTORY": True,
}

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO  # a visitor's wrong URL is not our problem
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if env.LOG_JSON
            else structlog.dev.ConsoleRenderer(colors=False),
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # django-structlog logs each request already, with its id.
    "loggers": {"django.request": {"level": "ERROR"}},
    "root": {
        "handlers": ["console"],
        "level": env.LOG_LEVEL,
    },
}
