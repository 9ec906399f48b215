"""OpenVINO's library with its telemetry switched off. Import it from here and from nowhere else.

By itself it reports each import and each conversion to Google Analytics, without asking, under a
number that it keeps in the home folder. Each report costs a fork of the process and a second or
two. Where its telemetry package is missing it sends nothing.
"""

import sys

# None is how Python marks a package that cannot be imported.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402  only after that

__all__ = ["openvino"]
