# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The viewer in a browser: the pixels of its canvas."""

from __future__ import annotations

import tempfile
import threading
import time
import unittest
from pathlib import Path

import numpy as np

from monai_unet3plus.viewer import ViewerServer, open_run
from monai_unet3plus.visualize.panels import get_colour
from tests.report.browser import BROWSER, Browser
from tests.viewer.runs import write_masks

LIVER, SPLEEN = (np.array([int(get_colour(k)[at : at + 2], 16) for at in (1, 3, 5)], float) for k in (0, 1))


def pixels_of(picture: np.ndarray, colour: np.ndarray) -> int:
    """Pixels of the hue of a mask's colour, whatever grey lies below it."""
    grey = picture - picture.mean(axis=2, keepdims=True)
    hue = colour - colour.mean()
    length = np.linalg.norm(grey, axis=2)
    return int(np.count_nonzero((grey @ hue > 0.98 * length * np.linalg.norm(hue)) & (length > 25)))


@unittest.skipUnless(BROWSER, "no Chromium, Chrome or Edge is on the PATH")
class TestInBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.server = ViewerServer(open_run(write_masks(Path(folder.name))))
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.server.viewer_run.cases[0].ct_bytes()  # loads MONAI's readers, for which the browser would wait

    def wait(self, browser: Browser, name: str) -> None:
        """Until a case is shown."""
        for _ in range(600):
            if browser.evaluate("document.body.dataset.state + document.title") == f"shown{name}":
                return
            time.sleep(0.1)
        self.fail(browser.evaluate("document.body.innerText") + str(browser.messages))

    def canvas(self, browser: Browser) -> np.ndarray:
        """The pixels of the canvas."""
        box = browser.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => "
            "done(Object.values(document.getElementById('canvas').getBoundingClientRect().toJSON())))))"
        )
        x, y, width, height = (round(value) for value in box[:4])
        return browser.screenshot()[y : y + height, x : x + width].astype(float)

    def test_volume_is_scrolled_with_its_mask_and_organs_windows_and_cases_are_chosen(self) -> None:
        with Browser() as browser:
            browser.open(self.server.address)
            self.wait(browser, "imagesTs/box_0.nii.gz")
            first = self.canvas(browser)
            self.assertGreater(pixels_of(first, LIVER), 500)
            self.assertGreater(pixels_of(first, SPLEEN), 100)

            browser.evaluate("document.querySelectorAll('#organs input')[0].click()")
            without = self.canvas(browser)
            self.assertEqual(pixels_of(without, LIVER), 0)
            self.assertGreater(pixels_of(without, SPLEEN), 100)

            box = browser.evaluate("document.getElementById('canvas').getBoundingClientRect().toJSON()")
            before = place = browser.evaluate("document.getElementById('location').textContent")
            browser.scroll(box["x"] + box["width"] / 6, box["y"] + box["height"] / 2, 100)
            for _ in range(100):
                place = browser.evaluate("document.getElementById('location').textContent")
                if place != before:
                    break
                time.sleep(0.1)
            scrolled = self.canvas(browser)
            self.assertGreater(np.count_nonzero(np.abs(scrolled - without).max(axis=2) > 5), 1000)
            self.assertRegex(place, r"^[RL] \d+, [AP] \d+, [SI] \d+ mm: -?\d+ HU")

            browser.evaluate("{const w = document.getElementById('window'); w.value = 'lung'; w.onchange()}")
            self.assertGreater(
                self.canvas(browser).mean(), scrolled.mean() + 5, "fat is bright in a window of the lung"
            )

            browser.evaluate("document.getElementById('next').click()")
            self.wait(browser, "imagesTs/box_1.nii.gz")
            self.assertTrue(browser.evaluate("document.getElementById('next').disabled"))
            self.assertEqual(pixels_of(self.canvas(browser), LIVER), 0, "an organ that is off stays off")
            self.assertEqual(browser.evaluate("document.querySelectorAll('#organs label').length"), 2)

            browser.open(f"{self.server.address}report")
            links = browser.evaluate("[...document.querySelectorAll('#cases a.volume')].map(link => link.href)")
            self.assertEqual(links, [f"{self.server.address}#{number}" for number in (1, 2)])
            self.assertEqual(browser.messages, [])
            others = {url for url in browser.requested if not url.startswith((self.server.address, "data:", "blob:"))}
            self.assertEqual(others, set())

    def test_ct_that_cannot_be_read_is_said(self) -> None:
        case = self.server.viewer_run.cases[0]
        case.ct, ct = Path("/nowhere.nii.gz"), case.ct
        self.addCleanup(setattr, case, "ct", ct)
        with Browser() as browser:
            browser.open(self.server.address)
            for _ in range(300):
                if browser.evaluate("document.body.dataset.state") == "failed":
                    break
                time.sleep(0.1)
            text = browser.evaluate("document.getElementById('message').textContent")
        self.assertIn("/nowhere.nii.gz does not exist", text)


if __name__ == "__main__":
    unittest.main()
