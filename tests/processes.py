"""Processes that a test has started, and how they are ended.

Change this file to end them otherwise.
"""

from __future__ import annotations

import subprocess


def end(process: subprocess.Popen[str] | subprocess.Popen[bytes], patience: float = 10.0) -> None:
    """Ask a process to end, and kill it if it has not within so many seconds. One that has ended is let be."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
