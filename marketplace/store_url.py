"""Which S3-compatible store a URL names."""

from typing import Any
from urllib.parse import parse_qs, urlsplit


def s3_options(url: str, *, folder: str) -> dict[str, Any]:
    """The options of ``s3.Store`` for one folder of the store.

    url: ``s3://bucket/prefix?endpoint=https://host&region=…``. Keys come from where boto3 looks for
    them, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Raises ValueError.
    """
    parts = urlsplit(url)
    asked = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()}
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or asked.keys() - {"endpoint", "region"}:
        raise ValueError(url)
    return {
        "bucket_name": parts.netloc,
        "location": "/".join(filter(None, [parts.path.strip("/"), folder])),
        "endpoint_url": asked.get("endpoint"),
        "region_name": asked.get("region"),
    }
