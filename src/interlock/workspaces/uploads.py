"""What is sent as a file: it goes to the disk as it comes, only for people who are known, and never without end."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler


class BoundedUpload(TemporaryFileUploadHandler):
    """Of a file that is too large the rest is read and dropped, so that its sender gets an answer; `size` is true."""

    def new_file(self, *args: Any, **how: Any) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise SkipFile
        super().new_file(*args, **how)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start < settings.UPLOAD_LARGEST:
            super().receive_data_chunk(raw_data, start)
