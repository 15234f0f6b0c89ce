#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way to the server, with real servers: run_transport.py WAY THEME. Exit code 77: skipped, and it says why."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
from transport_support import WayTest  # noqa: E402
from themes_http2 import Http2  # noqa: E402,F401
from themes_proxy import Names, Proxy  # noqa: E402,F401
from themes_tls import ClientCertificate, Tls  # noqa: E402,F401

if __name__ == "__main__":
    WayTest.way = os.path.abspath(sys.argv[1])
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
