"""What holds for every address below /api/, before Django looks at anything else and after it has answered."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from interlock.workspaces import limits
from interlock.workspaces.rest import problems
from interlock.workspaces.rest.door import rate_key_of, token_text

Respond = Callable[[HttpRequest], HttpResponse]


class ApiMiddleware:
    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        refused = self._refuse_at_once(request)
        if refused:
            return refused
        head = request.method == "HEAD"
        if head:
            request.method = "GET"
        response = self.get_response(request)
        if response.status_code >= 400 and not response.headers.get("Content-Type", "").endswith("json"):
            response = self._told(response)
        allowance = getattr(request, "allowance", None)
        if allowance:
            for name, value in allowance.headers.items():
                response.headers[name] = value
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if head and not response.streaming:  # a file says how long it is by itself, and Django sends none of it
            length = str(len(response.content))
            response.content = b""
            response.headers["Content-Length"] = length
        return response

    def _refuse_at_once(self, request: HttpRequest) -> HttpResponse | None:
        """What costs nothing to refuse: a flood, and a body that is too large."""
        text = token_text(request)
        allowance = text and limits.already_refused(rate_key_of(text), amount=settings.API_REQUESTS_PER_MINUTE)
        if allowance:
            return problems.render(429, problems.KINDS[429].means, headers=allowance.headers)
        length = request.META.get("CONTENT_LENGTH") or "0"
        files = request.content_type == "multipart/form-data"
        most = settings.UPLOAD_LARGEST if files else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length.isdigit() and int(length) > most:
            return problems.render(413, problems.KINDS[413].means)
        return None

    @staticmethod
    def _told(response: HttpResponse) -> HttpResponse:
        """The same refusal, in the API's own words: Django and others speak HTML."""
        status = response.status_code
        kind = problems.KINDS.get(status)
        told = problems.render(status, kind.means if kind else response.reason_phrase)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if name in response.headers:
                told.headers[name] = response.headers[name]
        return told
