"""Who sits at this machine's command line."""

import getpass


def account_name() -> str:
    """The system's account that runs this process; "" where it has no name, as in some containers."""
    try:
        return getpass.getuser()[:150]
    except (KeyError, OSError):  # Python before and from 3.13
        return ""
