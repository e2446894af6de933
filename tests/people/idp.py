"""An identity provider that runs here, as a person's browser meets it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from django.test import Client


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Idp:
    """The provider that runs here, as a person's browser meets it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(_NoRedirect())

    def knows(self, subject: str, **claims: Any) -> None:
        request = urllib.request.Request(
            f"{self.url}/users/{subject}",
            json.dumps(claims).encode(),
            {"Content-Type": "application/json"},
            method="PUT",
        )
        self.opener.open(request, timeout=10).close()

    def asked(self, client: Client, onward: str = "/profile/") -> str:
        """Where the portal sends the browser."""
        answer = client.get("/sign-in/provider/", {"next": onward})
        assert answer.status_code == 302, answer.content
        return str(answer["Location"])

    def consent(self, address: str, subject: str) -> str:
        """Where the provider sends the browser back to."""
        body = urllib.parse.urlencode({"sub": subject}).encode()
        with pytest.raises(urllib.error.HTTPError) as sent:  # what isn't followed is an error to urllib
            self.opener.open(urllib.request.Request(address, body, method="POST"), timeout=10)
        assert sent.value.code == 302, sent.value.read()
        return str(sent.value.headers["Location"])

    def enter(self, client: Client, subject: str, onward: str = "/profile/") -> Any:
        back = urllib.parse.urlsplit(self.consent(self.asked(client, onward), subject))
        return client.get(back.path + "?" + back.query)
