# SPDX-License-Identifier: MIT
"""A name server that never answers: nothing may wait for it."""
import socket
import threading

from transport_support import WayTest, cover


class Names(WayTest):
    needs = ("unshare", "ip", "mount")
    inside = True

    @classmethod
    def set_up_servers(cls):
        cover("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n", cls.folder)
        cover("/etc/nsswitch.conf", "hosts: files dns\n", cls.folder)
        cls.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.server.bind(("127.0.0.1", 53))
        cls.addClassCleanup(cls.server.close)
        cls.questions = []
        threading.Thread(target=cls.listen, daemon=True).start()

    @classmethod
    def listen(cls):
        while True:
            cls.questions.append(cls.server.recv(1024))

    def setUp(self):
        self.questions.clear()

    def assert_asked(self):
        self.assertTrue(any(b"\x04slow\x04test" in question for question in self.questions), self.questions)

    def test_connect_timeout(self):
        for base in ("https://slow.test/v1", "http://slow.test/v1"):
            result = self.call(base, "--allow-http", 1, "--connect-timeout", 400)
            self.assert_unsent(result, "timeout", "no connection within the time limit", "raise the connect time limit")
            self.assertTrue(350 <= int(result["elapsed"]) <= 1500, result)
            self.assert_asked()

    def test_cancel(self):
        for base in ("https://slow.test/v1", "http://slow.test/v1"):
            first, last = self.calls(base, "--allow-http", 1, "--cancel-after", 300)
            print("a cancel took %s ms, the last unref %s ms" % (first["cancel-ms"], last["unref-ms"]), flush=True)
            self.assert_unsent(first, "cancelled", "cancelled", "^$")
            self.assertLess(float(first["cancel-ms"]), 50)
            self.assertLess(float(last["unref-ms"]), 50)
            self.assert_asked()
