# SPDX-FileCopyrightText: monai_unet3plus contributors
# SPDX-License-Identifier: Apache-2.0
"""
The systems of the paper's two tables, trained and evaluated on one data set by the bundle's configs.

``python -m monai_unet3plus.compare --help`` says how. A system is a config of its own in the bundle's folder
``configs/systems``, to be named after ``train.json``; one that is added there is compared as well.
"""
