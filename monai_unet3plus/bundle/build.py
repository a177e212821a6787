# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""A step of the build, named in setup.cfg: the repository holds the bundle beside the package, a wheel inside it."""

from __future__ import annotations

from pathlib import Path

from setuptools.command.build_py import build_py

__all__ = ["BuildWithBundle"]

_SOURCE = Path("bundle")  # pip and build run with the repository, or the unpacked sdist, as working directory
_TARGET = Path("monai_unet3plus", "bundle", "files")
# by name, since a folder that was trained in holds more
_FILES = ("LICENSE", "configs/**/*.json", "configs/logging.conf", "docs/*", "models/model.pt")


class BuildWithBundle(build_py):
    """Copies the bundle into the package that is built; an editable install finds it in the repository."""

    def run(self) -> None:
        super().run()
        for path, target in self._bundle_outputs().items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(path, target, preserve_mode=False)

    def get_source_files(self) -> list[str]:
        """The files of an sdist."""
        return [*super().get_source_files(), *map(str, self._bundle_sources())]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """
        Args:
            include_bytecode: whether to name compiled files.
        """
        return [*super().get_outputs(include_bytecode), *self._bundle_outputs().values()]

    def _bundle_sources(self) -> list[Path]:
        return sorted(path for pattern in _FILES for path in _SOURCE.glob(pattern) if path.is_file())

    def _bundle_outputs(self) -> dict[str, str]:
        if self.editable_mode:
            return {}
        target = Path(self.build_lib) / _TARGET
        return {str(path): str(target / path.relative_to(_SOURCE)) for path in self._bundle_sources()}
