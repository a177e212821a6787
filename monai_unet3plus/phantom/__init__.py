# Copyright (c) monai_unet3plus contributors
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#     http://www.apache.org/licenses/LICENSE-2.0
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Synthetic abdominal CT for machines without data.

A phantom is made of random geometric shapes. It exists to test pipelines; it resembles no patient, and results on it
say nothing about patients.
"""

from __future__ import annotations

from .dataset import write_phantoms
from .scan import Phantom, make_phantom

__all__ = ["Phantom", "make_phantom", "write_phantoms"]
