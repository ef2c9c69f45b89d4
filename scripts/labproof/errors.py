"""The one exception that is meant to be read by a user, and how another is quoted in it."""


class LabError(Exception):
    """A failure that the user can mend.

    The message names the file or key, the cause and the mend. Programs show it alone, without a
    traceback; anything else that is raised is a bug and keeps its traceback in the log.
    """


def first_line(error: Exception) -> str:
    """What another library's error says, short enough to stand within a message of ours."""
    return (str(error) or type(error).__name__).strip().splitlines()[0][:200]
