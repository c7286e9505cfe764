"""For servers that speak WSGI alone; live updates need asgi.py."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interlock.config.settings")

application = get_wsgi_application()
