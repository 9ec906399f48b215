"""`python -m marketplace.operations.probe`: exit 0 if this container's web process serves, for its health check."""

import os
import sys
import urllib.error
import urllib.request


def probe() -> bool:
    """Ask /healthz as the proxy in front would: by a name that the site answers to, over HTTPS."""
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
