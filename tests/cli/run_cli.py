#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract of the `apipie` command, driven as a program would: run_cli.py APIPIE THEME"""
import os
import sys
import unittest

sys.dont_write_bytecode = True
from cli_support import CliTest  # noqa: E402
from themes_backends import Backends, Config, Edit, Elsewhere, Places, Stream  # noqa: E402,F401
from themes_batch import Batch, BatchFlow, BatchResume  # noqa: E402,F401
from themes_choose import Choose, Compare, Recommend  # noqa: E402,F401
from themes_contract import Json, Output, Request, Unwritable, Usage  # noqa: E402,F401
from themes_dashboard import Dashboard  # noqa: E402,F401
from themes_doctor import Doctor  # noqa: E402,F401
from themes_health import Health  # noqa: E402,F401
from themes_history import History  # noqa: E402,F401
from themes_local import Local, LocalSlow  # noqa: E402,F401
from themes_models import Estimate, Models  # noqa: E402,F401
from themes_money import Budget, Cache, Routes  # noqa: E402,F401
from themes_prices import Prices, Since  # noqa: E402,F401
from themes_providers import Providers  # noqa: E402,F401
from themes_stats import Stats  # noqa: E402,F401
from themes_recipe import Again, Recipe  # noqa: E402,F401
from themes_trouble import (Failures, Interrupt, Retries, SandboxCommand, Secrets, Terminal)  # noqa: E402,F401
from themes_upload import EditRecipe, Upload  # noqa: E402,F401

if __name__ == "__main__":
    CliTest.apipie = os.path.abspath(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
