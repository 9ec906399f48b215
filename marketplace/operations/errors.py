from marketplace.refusals import Refused


class SiteError(Refused):
    """The site cannot start; the message is one clear line for the operator."""
