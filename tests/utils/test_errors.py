# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import unittest

from parameterized import parameterized

from monai_unet3plus.utils.errors import InputError, describe_error, root_cause


def chain_of(*errors: Exception) -> Exception:
    """The errors as ``raise first from second`` and so on would leave them; the first one arrives."""
    for error, cause in zip(errors, errors[1:]):
        error.__cause__ = cause
    return errors[0]


class TestExplanationOf(unittest.TestCase):
    def test_error_without_a_cause_explains_itself(self) -> None:
        error = RuntimeError("x")
        self.assertIs(root_cause(error), error)

    def test_input_error_is_found_among_its_wrappers(self) -> None:
        cause = InputError("the file is empty")
        self.assertIs(root_cause(chain_of(RuntimeError("a"), ValueError("b"), cause)), cause)

    def test_first_input_error_counts_not_what_caused_it(self) -> None:
        error = InputError("weights do not fit")
        self.assertIs(root_cause(chain_of(RuntimeError("a"), error, KeyError("conv.weight"))), error)

    def test_end_of_the_chain_explains_if_no_input_error_is_in_it(self) -> None:
        cause = OSError("disk full")
        self.assertIs(root_cause(chain_of(RuntimeError("a"), RuntimeError("b"), cause)), cause)

    def test_input_errors_are_value_errors(self) -> None:
        self.assertTrue(issubclass(InputError, ValueError))


class TestReasonOf(unittest.TestCase):
    @parameterized.expand(
        [
            (InputError("a: expected\n b"), "a: expected b"),
            (OSError(28, "x", "/masks/a"), "No space left on device: /masks/a"),
            (OSError("no such file"), "OSError: no such file"),
            (MemoryError(), "MemoryError"),
        ]
    )
    def test_is_one_line(self, error: Exception, sentence: str) -> None:
        self.assertEqual(describe_error(error), sentence)


if __name__ == "__main__":
    unittest.main()
