# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import base64
import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

from monai_unet3plus.metrics import summarize
from monai_unet3plus.report import (
    EvaluatedCase,
    Page,
    PageCase,
    PageOrgan,
    evaluation_page,
    get_weights_warning,
    write_page,
)
from monai_unet3plus.report.page import page_parts
from tests.report.pages import WILD, example_page, write_picture

RUN = {
    "started": 1.7e9,
    "seconds": 5000,
    "versions": {"MONAI": "1"},
    "weights_sha256": None,
    "warning": "",
    "settings": {},
}


class Reader(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


class TestPage(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, page: Page) -> Reader:
        write_page(page, self.folder / "deep" / "report.html")
        return Reader((self.folder / "deep" / "report.html").read_text(encoding="utf-8"))

    def test_says_what_became_of_the_cases(self) -> None:
        text = " ".join(self.read(example_page(self.folder)).text.split())
        for words in ("1 segmented", "1 had its mask", "1 failed", "2 not tried", "took 1 min 15 s", "no affine"):
            self.assertIn(words, text)
        for words in (
            "Warning: look at every mask.",
            "monai_unet3plus 1.2.3, PyTorch 9.8",
            "ab" * 32,
            "keep_largest True",
        ):
            self.assertIn(words, text)

    def test_names_of_files_are_text_and_nothing_else(self) -> None:
        page = self.read(example_page(self.folder))
        self.assertEqual(page.text.count(WILD), 5)  # among failures with the reason, in the table, above the reason
        images = [attributes for tag, attributes in page.tags if tag == "img"]
        self.assertEqual(len(images), 1)
        self.assertFalse({"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags})
        for _, attributes in page.tags:
            self.assertFalse([name for name in attributes if name.startswith("on")])
            for name in ("src", "href"):
                self.assertRegex(attributes.get(name) or "#", r"^(#|data:image/webp;base64,)")

    def test_pictures_are_in_the_page_or_said_to_be_missing(self) -> None:
        page = self.read(example_page(self.folder))
        (image,) = [attributes for tag, attributes in page.tags if tag == "img"]
        content = base64.b64decode((image["src"] or "").split(",")[1])
        self.assertEqual(content, (self.folder / "ct_seg.webp").read_bytes())
        self.assertEqual((image["width"], image["height"], image["loading"]), ("60", "20", "lazy"))
        self.assertEqual(page.text.count("no picture"), 1)

    def test_one_picture_at_a_time_is_read(self) -> None:
        opened: list[int] = []

        class Counted(PageCase):
            @property
            def image(self) -> dict[str, object] | None:
                opened.append(len(opened))
                return super().image

        picture = write_picture(self.folder / "x.webp")
        cases = [Counted(str(k), "segmented", [PageOrgan("liver", "", ["1"])], picture=picture) for k in range(3)]
        page = Page("Run", 0, 0, {}, ["ml"], cases)
        seen = []
        for part in page_parts(page):
            seen += [len(opened)] * part.count("<img")
        self.assertEqual(seen, [1, 2, 3])

    def test_name_that_is_no_unicode_is_written(self) -> None:
        name = b"ct_\xff.nii.gz".decode("utf-8", "surrogateescape")
        page = self.read(Page("Run", 0, 0, {}, [], [PageCase(name, "failed", failure="expected one")]))
        self.assertIn(r"ct_\udcff.nii.gz", page.text)

    def test_evaluation(self) -> None:
        scores = {"dice": 0.91234, "hausdorff_distance_95_mm": float("nan"), "surface_dice_2mm": 0.5}
        scores |= {"volume_error_ml": -12.34, "presence_accuracy": None, "truth_ml": 1000.0, "prediction_ml": 987.66}
        others = {**scores, "dice": 0.8, "hausdorff_distance_95_mm": 3.25, "volume_error_ml": 10.0}
        cases = {
            "a.nii.gz": EvaluatedCase("/d/a.nii.gz", {"liver": scores}, {"liver": ["3 large parts"]}),
            "b.nii.gz": EvaluatedCase("/d/b.nii.gz"),
        }
        summary = {"liver": summarize({"a.nii.gz": scores, "c.nii.gz": others})}
        picture = write_picture(self.folder / "a_differences.webp")
        page = self.read(evaluation_page(cases, summary, [picture, self.folder / "no.webp"], RUN, not_evaluated=4))
        text = re.sub(r"\s*\n\s*", "|", page.text)
        self.assertIn("|987.7|1000.0|0.912|0.500|not defined|3 large parts|", text)
        self.assertIn("liver20.856 ± 0.0790.500 ± 0.0003.2 (1 defined)-1.2 ± 15.8", text)
        for words in (
            "2 evaluated",
            "4 not evaluated",
            "annotates none of the organs",
            "surface Dice, 2 mm",
            "1 h 23 min",
        ):
            self.assertIn(words, text)
        self.assertEqual(len([tag for tag, _ in page.tags if tag == "img"]), 1)


class TestWarningOf(unittest.TestCase):
    def test_only_the_delivered_weights_are_warned_of(self) -> None:
        metadata = {"weights": {"sha256": "ab", "warning": "four CTs"}}
        self.assertEqual(get_weights_warning("ab", metadata), "four CTs")
        for digest, content in (("cd", metadata), (None, metadata), ("ab", {}), ("ab", None)):
            self.assertEqual(get_weights_warning(digest, content), "")


if __name__ == "__main__":
    unittest.main()
