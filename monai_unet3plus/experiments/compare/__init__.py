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
"""
The systems of the paper's two tables, trained and evaluated on one data set by the bundle's configs.

``python -m monai_unet3plus.compare --help`` says how. A system is a config of its own in the bundle's folder
``configs/systems``, to be named after ``train.json``; one that is added there is compared as well.
"""
