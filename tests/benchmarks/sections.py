# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A page of which each section is written by a program of its own, as docs/benchmarks.md."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["write_section"]


def write_section(page: Path, text: str) -> None:
    """
    Replace a section of a page, or append it.

    Args:
        page: Markdown file; it need not exist.
        text: the section: a title after "# ", and the text below it. It becomes a heading of the second level, those
            below it of the third and on.
    """
    section = re.sub(r"^(#+) ", r"#\1 ", text.strip(), flags=re.M) + "\n"
    title = section.splitlines()[0]
    old = page.read_text(encoding="utf-8") if page.is_file() else ""
    parts = re.split(r"^(?=## )", old, flags=re.M)
    places = [number for number, part in enumerate(parts) if part.startswith(f"{title}\n")]
    if places:
        last = places[0] == len(parts) - 1
        parts[places[0]] = section if last else f"{section}\n"
    else:
        parts.append(f"\n{section}" if old else section)
    page.write_text("".join(parts), encoding="utf-8")
