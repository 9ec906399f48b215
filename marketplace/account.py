"""The operating system's account behind a command, for records of who did what."""

import getpass


def account_name() -> str:
    """The name of the account that runs this process; "" if it has none, as in some containers."""
    try:
        return getpass.getuser()[:150]
    except (KeyError, OSError):  # KeyError before Python 3.13, OSError since
        return ""
