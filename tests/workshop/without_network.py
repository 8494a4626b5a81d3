"""Opens the workshop in a browser where there is no network at all, and prints what came of it as JSON.

Change this file to look at more of the page there. It is run by test_offline.py inside `unshare -rn`, a process with a
network of its own in which only this computer exists, and that only after `bring_up` has switched it on.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import sys

from tests import browsers
from tests.workshop.conftest import Watched
from tests.workshop.serving import served

SIOCGIFFLAGS, SIOCSIFFLAGS, UP = 0x8913, 0x8914, 1


def bring_up(name: bytes = b"lo") -> None:
    """Switch on the loopback of this network, as `ip link set lo up` does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        flags = struct.unpack("16sh", fcntl.ioctl(door, SIOCGIFFLAGS, struct.pack("16sh", name, 0)))[1]
        fcntl.ioctl(door, SIOCSIFFLAGS, struct.pack("16sh", name, flags | UP))


def is_cut() -> bool:
    """Whether nothing outside can be reached from here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))
        except OSError:
            return True
    return False


def colours_of(picture: bytes) -> int:
    """How many colours a picture has; a blank page has one."""
    from io import BytesIO

    from PIL import Image

    found = Image.open(BytesIO(picture)).convert("RGB").resize((320, 180)).getcolors(320 * 180)
    return len(found or [])


def main() -> int:
    """Open the page and look at it."""
    bring_up()
    with served() as workshop, browsers.running() as browser, Watched(browser, workshop.address) as watched:
        page = watched("/")
        towns = page.locator("[data-month]")
        towns.wait_for()
        first = int(towns.get_attribute("data-month") or 0)
        page.get_by_test_id("step").click()
        page.locator(f"[data-month='{first + 1}']").wait_for()
        page.wait_for_timeout(1000)
        found = {
            "network": "cut" if is_cut() else "there", "wrong": watched.wrong,
            "months": int(towns.get_attribute("data-month") or 0) - first, "colours": colours_of(page.screenshot()),
        }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
