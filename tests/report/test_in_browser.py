# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The page as a browser sees it."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from monai_unet3plus.report import write_page
from tests.report.browser import BROWSER, Browser
from tests.report.pages import WILD, example_page


@unittest.skipUnless(BROWSER, "no Chromium, Chrome or Edge is on the PATH")
class TestInBrowser(unittest.TestCase):
    def test_page_shows_cases_and_pictures_and_asks_for_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            file = Path(folder) / "report.html"
            write_page(example_page(Path(folder)), file)
            browser.open(file)
            rows = browser.evaluate("[...document.querySelectorAll('#cases tbody tr')].map(row => row.innerText)")
            names = browser.evaluate("[...document.querySelectorAll('article h3')].map(title => title.innerText)")
            sizes = browser.evaluate(
                "Promise.all([...document.images].map(image => { image.loading = 'eager';"
                " return image.decode().then(() => [image.naturalWidth, image.naturalHeight]) }))"
            )
            wide = browser.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        self.assertEqual(
            [row.split("\t")[-3:] for row in rows[:2]],
            [["liver", "1423", "2 large parts; touches the image's border (head)"], ["spleen", "87.2", ""]],
        )
        self.assertEqual(len(rows), 4)
        self.assertEqual(names, ["a/ct.nii.gz", "b.nii.gz", WILD])
        self.assertEqual(sizes, [[60, 20]])
        self.assertFalse(wide)
        self.assertEqual(browser.messages, [])
        self.assertEqual([url for url in browser.requested if not url.startswith("data:")], [file.as_uri()])

    def test_what_the_page_would_load_is_noticed(self) -> None:
        """Else the test above would pass whatever the page did."""
        with tempfile.TemporaryDirectory() as folder, Browser() as browser:
            file = Path(folder) / "page.html"
            file.write_text("<img src='http://127.0.0.1:9/x.png'><script>console.error('complaint')</script>")
            browser.open(file)
        self.assertIn("http://127.0.0.1:9/x.png", browser.requested)
        self.assertIn("complaint", "".join(browser.messages))


if __name__ == "__main__":
    unittest.main()
