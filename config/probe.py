"""`python -m config.probe`: exit 0 when the web process on this machine is ready. For container health checks."""

from __future__ import annotations

import http.client
import os
import sys

PORT = 8000


def main() -> int:
    host = os.environ.get("ALLOWED_HOSTS", "").partition(",")[0] or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        return int(connection.getresponse().status != 200)
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
