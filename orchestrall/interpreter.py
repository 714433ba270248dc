"""What a process asks of the interpreter once all that it needs is loaded."""

import gc
import sys


def settle() -> None:
    """Let nothing stop all threads for long.

    What is loaded stays until the process ends, and is moved out of the garbage collector's sight: to look through it
    takes 0.15 s, in which no thread goes on, each time that a quarter as much has been added; and what was looked at is
    not shared with forked children any more. A thread that has an answer to read waits for 1 ms, not 5, until one that
    computes lets go.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(0.001)
