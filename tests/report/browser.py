# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A browser without a window, spoken to by the DevTools protocol over a pair of pipes."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tempfile
from base64 import b64decode
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["BROWSER", "Browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
BROWSER = next((path for path in map(shutil.which, _NAMES) if path), None) if os.name == "posix" else None

_OPTIONS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run")
_OPTIONS += ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--window-size=1000,640")  # WebGL without a GPU
_SECONDS = 300


class Browser:
    """
    A page in Chromium or one of its kin.

    ``requested`` has the addresses that it asked for, ``messages`` its lines in the console and its complaints.
    """

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.messages: list[str] = []
        self._number = 0
        self._rest = b""

    def __enter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # the browser reads commands from file 3 and answers on file 4
        script = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        options = [*_OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            ["timeout", str(_SECONDS), "bash", "-c", script, str(BROWSER), *options],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        targets = self._send("Target.getTargets")["targetInfos"]
        (target,) = [target["targetId"] for target in targets if target["type"] == "page"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._send(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._out)  # which ends it
        os.close(self._in)
        self._process.wait(_SECONDS)
        self._profile.cleanup()

    def open(self, page: Path | str) -> None:
        """Show a file or an address, and wait until it is loaded."""
        self._send("Page.navigate", url=page.as_uri() if isinstance(page, Path) else page)
        while self._receive().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in JavaScript, awaited if it is a promise."""
        answer = self._send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self) -> np.ndarray:
        """The pixels of the page, ``(height, width, 3)``."""
        data = self._send("Page.captureScreenshot", format="png")["data"]
        return np.asarray(Image.open(io.BytesIO(b64decode(data))).convert("RGB"))

    def scroll(self, x: float, y: float, distance: float) -> None:
        """Turn the wheel over a place of the page."""
        self._send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self._send("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=distance)

    def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        if hasattr(self, "_session"):
            command["sessionId"] = self._session
        os.write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._in, 1 << 16)
            if not more:
                raise AssertionError(f"{BROWSER} ended")
            self._rest += more
        text, self._rest = self._rest.split(b"\0", 1)
        message = json.loads(text)
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.messages.append(json.dumps(params))
        return message
