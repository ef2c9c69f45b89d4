"""The one exception that is meant to be read by a user."""


class LabError(Exception):
    """A failure that the user can mend.

    The message names the file or key, the cause and the mend. Programs show it alone, without a
    traceback; anything else that is raised is a bug and keeps its traceback in the log.
    """
