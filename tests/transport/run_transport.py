#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way to the server, with real servers: run_transport.py WAY THEME. Exit code 77: skipped, and it says why."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
from transport_support import WayTest, enter_namespace, need  # noqa: E402
from themes_http2 import Http2  # noqa: E402,F401
from themes_names import Names  # noqa: E402,F401
from themes_proxy import Proxy  # noqa: E402,F401
from themes_tls import ClientCertificate, System, Tls  # noqa: E402,F401


def main():
    theme = globals()[sys.argv[2].split(".")[0]]
    WayTest.way = os.path.abspath(sys.argv[1])
    need(*theme.needs)
    if theme.inside:
        enter_namespace()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)


if __name__ == "__main__":
    main()
