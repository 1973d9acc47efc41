"""Processes of this machine."""

import os


def alive(number: int) -> bool:
    """Whether there is a process of that number.

    >>> alive(os.getpid()), alive(2**22 + 1)
    (True, False)
    """
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        pass
    return True
