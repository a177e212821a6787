# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables whose rows are filled one after the other, so that a benchmark that is cut short keeps those it has."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["NOT_MEASURED", "Table"]

NOT_MEASURED = "not measured"


class Table:
    """
    A table in Markdown that knows all of its rows from the beginning.

    Args:
        title: of the section.
        text: between the title and the table.
        keys: names of the columns that tell rows apart.
        values: names of the columns that are measured.
        rows: the keys of each row.
    """

    def __init__(
        self, title: str, text: str, keys: Sequence[str], values: Sequence[str], rows: Sequence[tuple[str, ...]]
    ) -> None:
        self.title = title
        self.text = text
        self.columns = (*keys, *values)
        self.rows: dict[tuple[str, ...], list[str]] = {row: [NOT_MEASURED] for row in rows}

    def fill(self, row: tuple[str, ...], *values: str) -> None:
        """
        Args:
            row: keys of one of the rows.
            values: what was measured; fewer than there are columns leave the last ones empty.
        """
        if row not in self.rows:
            raise KeyError(f"{self.title}: there is no row {row}.")
        self.rows[row] = list(values)

    def __str__(self) -> str:
        lines = [["---"] * len(self.columns)]
        lines += [
            [*row, *values] + [""] * (len(self.columns) - len(row) - len(values)) for row, values in self.rows.items()
        ]
        body = "\n".join(f"| {' | '.join(line)} |" for line in [list(self.columns), *lines])
        return f"\n## {self.title}\n\n{self.text}\n\n{body}\n"
