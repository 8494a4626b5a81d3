"""The stage: what the page shows and hears, as one widget.

Change this file to send the page something new. The page itself is in stage/: plain JavaScript and CSS, which
viz/workshop/page.py joins into one module. Everything that is shared with it is a trait here, so that a page which
is drawn again finds it.
"""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from viz.workshop import page


class Stage(anywidget.AnyWidget):  # type: ignore[misc]
    """The screen of one browser tab. viz/workshop/session.py fills its traits and answers its messages."""

    _esm = page.module()
    _css = page.fonts()
    css = traitlets.Unicode(page.style()).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)
    static = traitlets.Dict().tag(sync=True)
    frame = traitlets.Bytes(b"").tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    person = traitlets.Dict().tag(sync=True)
    card = traitlets.Dict().tag(sync=True)
    luck = traitlets.Dict().tag(sync=True)
    flow = traitlets.Dict().tag(sync=True)

    def set_state(self, sync_data: Any) -> None:
        """Whatever a page would write here is not read: it is shown these, and asks by messages."""
