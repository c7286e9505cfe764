"""The settings under which tests run: the real ones, less what would be slow, or would leave traces."""

import atexit
import os
import shutil
import tempfile

# What the developer's own installation is told must not reach the tests.
for name in set(os.environ) - {"INTERLOCK_SHARED", "INTERLOCK_PROVE"}:
    if name.startswith("INTERLOCK_"):
        del os.environ[name]

# A test may let eight clients act at once, and looks on through a connection of its own.
os.environ["INTERLOCK_DATABASE_POOL"] = "16"
_home = os.environ["INTERLOCK_HOME"] = tempfile.mkdtemp(prefix="interlock-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.mkdir(f"{_home}/static")  # whitenoise warns where it is missing

from interlock.config.settings import *  # noqa: E402, F403
from interlock.config.settings import DATABASES, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory, so that the processes that a test starts see the same database.
    DATABASES["default"]["TEST"] = {"NAME": f"{_home}/test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The manifest is written by collectstatic, which no test should have to wait for.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
