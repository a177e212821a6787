# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The HTML page of a report: one file that needs nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from monai.config import PathLike
from PIL import Image

from ..utils.files import remove_leftovers, replacing

__all__ = ["Page", "PageCase", "PageOrgan", "format_millilitres", "page_parts", "write_page"]


@dataclass
class PageOrgan:
    """
    A row of the table of cases.

    Args:
        name: of the organ.
        colour: of its outline in pictures, for CSS; none if empty.
        values: one for each of the page's columns.
        flags: why its mask should be looked at.
    """

    name: str
    colour: str
    values: Sequence[str]
    flags: Sequence[str] = ()


@dataclass
class PageCase:
    """
    A case of the page.

    Args:
        name: its path below the folder of the data.
        status: its outcome, in words.
        organs: its rows.
        failure: why it has no mask; nothing if it has one.
        remarks: the warnings about it.
        picture: a WebP file, which is read when its place in the page is written, or None.
        link: address of a page that shows the volume, or nothing.
    """

    name: str
    status: str
    organs: Sequence[PageOrgan] = ()
    failure: str = ""
    remarks: Sequence[str] = ()
    picture: Path | None = None
    link: str = ""

    @property
    def image(self) -> dict[str, Any] | None:
        """The picture as a data URI and its size in pixels, or None if there is none that can be read."""
        try:
            if self.picture is None:
                return None
            with Image.open(self.picture) as picture:
                width, height = picture.size
            content = b64encode(self.picture.read_bytes()).decode()
        except OSError:
            return None
        return {"uri": f"data:image/webp;base64,{content}", "width": width, "height": height}


@dataclass
class Page:
    """
    The content of the page, top to bottom.

    Args:
        title: of the page.
        started: seconds since the epoch.
        seconds: that the run took.
        counts: number of cases by outcome.
        columns: names of the values of each organ.
        cases: in the order of the run.
        warning: warning of the maker of the weights, or empty.
        summary: values over all cases: a row of names, and rows.
        note: explanation of the table.
        facts: of how the results were made, by name.
        settings: all settings that influence masks, for JSON.
    """

    title: str
    started: float
    seconds: float
    counts: Mapping[str, int]
    columns: Sequence[str]
    cases: Sequence[PageCase]
    warning: str = ""
    summary: Sequence[Sequence[str]] = ()
    note: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


def write_page(page: Page, output_file: PathLike) -> None:
    """
    Write a page as HTML, whole or not at all.

    All text is escaped. The page loads nothing and runs no script, and says so to the browser.
    """
    remove_leftovers(output_file)
    # names of files need not be valid Unicode
    with replacing(output_file) as path, path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(page_parts(page))


def page_parts(page: Page) -> Iterator[str]:
    """A page in HTML, part by part, so that one picture at a time is in memory."""
    environment = Environment(
        loader=PackageLoader("monai_unet3plus", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(date=_date, duration=_duration)
    return environment.get_template("page.html").generate(page=page, settings=json.dumps(page.settings, indent=2))


def format_millilitres(volume: float | None) -> str:
    """
    A volume as text, in whole millilitres where tenths say nothing.

    Args:
        volume: in ml, or None.
    """
    if volume is None:
        return ""
    return f"{volume:.0f}" if volume >= 100 else f"{volume:.1f}"


def _date(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="minutes")
    return f"{text[:-6]} (UTC{text[-6:]})"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
