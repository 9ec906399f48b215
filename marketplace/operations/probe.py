"""A container's health check: `python -m marketplace.operations.probe`.

Exits with 0 if the container's web process serves.
"""

import os
import sys
import urllib.error
import urllib.request


def probe() -> bool:
    """Request /healthz as the proxy in front would: by a host name of the site, as if by HTTPS."""
    host = os.environ.get("ALLOWED_HOSTS", "127.0.0.1").split(",")[0].strip()
    port = os.environ.get("BIND", "127.0.0.1:8000").rpartition(":")[2]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/healthz", headers={"Host": host.lstrip("."), "X-Forwarded-Proto": "https"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        return False


if __name__ == "__main__":
    sys.exit(0 if probe() else 1)
