# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""The provenance of results: versions, weights, settings, and the warning of the delivered weights."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Any

import monai
import torch

from .. import __version__

__all__ = ["list_provenance", "versions", "get_weights_warning"]


def versions() -> dict[str, str]:
    """The versions of the packages that results depend on most, by name."""
    return {
        "monai_unet3plus": __version__,
        "MONAI": monai.__version__,
        "PyTorch": torch.__version__,
        "Python": platform.python_version(),
    }


def get_weights_warning(weights_sha256: str | None, metadata: Mapping[str, Any] | None) -> str:
    """
    Get the warning of the bundle's maker if the weights in use are the delivered ones, else an empty string.

    Args:
        weights_sha256: of the file of weights, or None.
        metadata: content of ``metadata.json`` with ``"weights": {"sha256": ..., "warning": ...}``, or None.
    """
    delivered = (metadata or {}).get("weights", {})
    return delivered.get("warning", "") if weights_sha256 and weights_sha256 == delivered.get("sha256") else ""


def list_provenance(
    versions: Mapping[str, str], weights_sha256: str | None, settings: Mapping[str, Any]
) -> dict[str, str]:
    """The facts of a page: versions, weights, and the settings that a line is enough for."""
    simple = {name: value for name, value in settings.items() if "class" not in str(value)}
    return {
        "Versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "Weights, SHA-256": weights_sha256 or "not loaded from a file",
        **{name: str(value) for name, value in simple.items()},
    }
