# SPDX-License-Identifier: MIT
"""TLS against nginx: who is trusted, who is not, and what the client shows of itself."""
import os
import shutil
import subprocess

from transport_support import LOCATIONS, Authority, Nginx, Slow, WayTest, find, run, skip

SERVERS = """
  server { listen 127.0.0.1:{good} ssl; %(good)s %(locations)s }
  server { listen 127.0.0.1:{wrong} ssl; %(wrong)s %(locations)s }
  server { listen 127.0.0.1:{expired} ssl; %(expired)s %(locations)s }
  server { listen 127.0.0.1:{alone} ssl; %(alone)s %(locations)s }
  server { listen 127.0.0.1:{old} ssl; %(good)s ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0; %(locations)s }
  server { listen 127.0.0.1:{new} ssl; %(good)s ssl_protocols TLSv1.3; %(locations)s }
"""
TRUST = "system's, or apipie_client_set_ca_file"


class Tls(WayTest):
    needs = ("nginx", "openssl")

    @classmethod
    def set_up_servers(cls):
        cls.ca = ca = Authority(cls.folder)
        ca.certificate("good", "IP:127.0.0.1,DNS:localhost")
        ca.certificate("wrong", "DNS:elsewhere.test")
        ca.certificate("expired", "IP:127.0.0.1", "20200101000000Z", "20200201000000Z")
        ca.self_signed("alone", "/CN=alone", "subjectAltName=IP:127.0.0.1")
        names = ["good", "wrong", "expired", "alone"]
        servers = SERVERS % dict({name: ca.server(name) for name in names}, locations=LOCATIONS)
        cls.nginx = Nginx(cls.folder, servers, names + ["old", "new"])
        cls.addClassCleanup(cls.nginx.server.stop)

    def base(self, name, host="127.0.0.1"):
        return "https://%s:%d/v1" % (host, self.nginx.ports[name])

    def other_ca(self):
        return self.ca.path("alone.pem")

    def test_trusted(self):
        for option in ("--ca-file", "--ca-pem"):
            for server in ("good", "new"):
                self.assert_good(self.call(self.base(server), option, self.ca.own))
        self.assert_good(self.call(self.base("good", "localhost"), "--ca-file", self.ca.own))

    def test_a_handle_is_used_again(self):
        for result in self.calls(self.base("good"), "--ca-pem", self.ca.own, "--rounds", 5, "--requests", 3):
            self.assert_good(result)

    def test_memory_goes_before_a_file(self):
        self.assert_good(self.call(self.base("good"), "--ca-file", self.other_ca(), "--ca-pem", self.ca.own))
        result = self.call(self.base("good"), "--ca-file", self.ca.own, "--ca-pem", self.other_ca())
        self.assert_unsent(result, "tls", "not trusted", TRUST)

    def test_not_trusted(self):
        for server, option in (("good", []), ("wrong", ["--ca-file", self.ca.own]), ("expired", ["--ca-file", self.ca.own]),
                               ("alone", ["--ca-file", self.ca.own]), ("alone", [])):
            for retries in ([], ["--retries", 2]):  # trying again would not help
                with self.subTest(server=server, option=option):
                    self.assert_unsent(self.call(self.base(server), *option, *retries), "tls", "certificate is not trusted", TRUST)

    def test_a_frame_that_hangs_in_the_handshake(self):
        """Nobody polls for longer than the limit for connecting: that time does not count."""
        slow = Slow(self.nginx.ports["good"], 0.2)
        base = "https://127.0.0.1:%d/v1" % slow.port
        self.assert_good(self.call(base, "--ca-file", self.ca.own, "--connect-timeout", 700, "--frame-hangs", 1500))
        slow = Slow(self.nginx.ports["good"], 2)
        base = "https://127.0.0.1:%d/v1" % slow.port
        self.assert_unsent(self.call(base, "--ca-file", self.ca.own, "--connect-timeout", 700), "timeout", "connect", ".")

    def test_tls_1_1(self):
        offer = subprocess.run([find("openssl"), "s_client", "-connect", "127.0.0.1:%d" % self.nginx.ports["old"], "-tls1_1", "-cipher",
                                "DEFAULT:@SECLEVEL=0"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if "TLSv1.1" not in offer.stdout or offer.returncode:
            self.skipTest("the OpenSSL of nginx does not offer TLS 1.1")
        self.assert_unsent(self.call(self.base("old"), "--ca-file", self.ca.own), "tls", "no secure connection", "TLS 1.2 or newer")

    def test_no_such_file(self):
        for content in (None, "no certificate at all\n"):
            path = os.path.join(self.folder, "bad.pem")
            if content:
                with open(path, "w", encoding="utf-8") as file:
                    file.write(content)
            self.assert_unsent(self.call(self.base("good"), "--ca-file", path), "tls", "to trust cannot be read",
                               r"apipie_client_set_ca_file\(\)")

    def test_damaged_memory(self):
        path = os.path.join(self.folder, "damaged.pem")
        with open(self.ca.own, encoding="utf-8") as file:
            lines = file.read().split("\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines[:2] + ["*"] + lines[3:]))
        self.assert_unsent(self.call(self.base("good"), "--ca-pem", path), "tls", "to trust cannot be read", "PEM")

    def test_pinned_key(self):
        right, wrong = self.ca.pin("good"), self.ca.pin("wrong")
        self.assert_good(self.call(self.base("good"), "--ca-file", self.ca.own, "--pinned-key", right))
        self.assert_good(self.call(self.base("good"), "--ca-file", self.ca.own, "--pinned-key", wrong + ";" + right))
        result = self.call(self.base("good"), "--ca-file", self.ca.own, "--pinned-key", wrong)
        self.assert_unsent(result, "tls", "another key than the pinned one", r"apipie_client_set_pinned_key\(\)")
        result = self.call(self.base("alone"), "--ca-file", self.ca.own, "--pinned-key", self.ca.pin("alone"))
        self.assert_unsent(result, "tls", "not trusted", TRUST)  # besides, not instead


CLIENTS = """
  server { listen 127.0.0.1:{client} ssl; %(good)s ssl_client_certificate %(ca)s; ssl_verify_client on; %(locations)s }
"""


class ClientCertificate(WayTest):
    needs = ("nginx", "openssl")

    @classmethod
    def set_up_servers(cls):
        cls.ca = ca = Authority(cls.folder)
        ca.certificate("good", "IP:127.0.0.1")
        ca.certificate("me", "DNS:me.test")
        run(find("openssl"), "pkey", "-in", ca.path("me.key"), "-aes256", "-passout", "pass:open sesame", "-out", ca.path("locked.key"))
        for whole, key in (("whole.pem", "me.key"), ("whole-locked.pem", "locked.key")):
            with open(ca.path(whole), "w", encoding="utf-8") as out:
                for part in ("me.pem", key):
                    with open(ca.path(part), encoding="utf-8") as file:
                        out.write(file.read())
        servers = CLIENTS % {"good": ca.server("good"), "ca": ca.own, "locations": LOCATIONS}
        cls.nginx = Nginx(cls.folder, servers, ["client"])
        cls.addClassCleanup(cls.nginx.server.stop)

    def show(self, certificate, key=None, password=None):
        options = ["--certificate", self.ca.path(certificate)]
        options += ["--key", self.ca.path(key)] if key else []
        options += ["--password", password] if password else []
        return self.call("https://127.0.0.1:%d/v1" % self.nginx.ports["client"], "--ca-file", self.ca.own, *options)

    def test_shown(self):
        self.assert_good(self.show("me.pem", "me.key"))
        self.assert_good(self.show("whole.pem"))
        self.assert_good(self.show("me.pem", "locked.key", "open sesame"))
        self.assert_good(self.show("whole-locked.pem", None, "open sesame"))

    def test_cannot_be_used(self):
        for certificate, key, password in (("me.pem", "locked.key", "open barley"), ("me.pem", "locked.key", None),
                                           ("whole-locked.pem", None, None), ("me.pem", None, None), ("absent.pem", None, None),
                                           ("me.pem", "absent.key", None), ("me.pem", "good.key", None)):
            with self.subTest(certificate=certificate, key=key, password=password):
                result = self.show(certificate, key, password)
                self.assert_unsent(result, "tls", "client's certificate cannot be used", r"apipie_client_set_certificate\(\)")
                self.assertNotIn("barley", str(result))

    def test_missing(self):
        """nginx lets everybody in and then answers 400: refused, and unbilled."""
        result = self.call("https://127.0.0.1:%d/v1" % self.nginx.ports["client"], "--ca-file", self.ca.own)
        self.assertEqual([a[:2] for a in result.attempts], [("rejected", "no")], result)
        self.assertEqual((result["billed"], result["http"]), ("no", "400"), result)
        self.assertIn("No required SSL certificate was sent", result["message"])


class System(WayTest):
    """What the system trusts, where the system is the test's own."""

    needs = ("nginx", "openssl", "unshare", "ip", "mount")
    inside = True
    FOLDER = "/etc/ssl/certs"

    @classmethod
    def set_up_servers(cls):
        cls.ca = ca = Authority(cls.folder)
        ca.certificate("good", "IP:127.0.0.1")
        ca.self_signed("other", "/CN=another CA", "basicConstraints=critical,CA:TRUE")
        if not os.path.isdir(cls.FOLDER):
            skip("the system's certificates are elsewhere")
        trusted = os.path.join(cls.folder, "certs")
        os.mkdir(trusted)
        name = run(find("openssl"), "x509", "-in", ca.own, "-noout", "-subject_hash", text=True).strip()
        for file in (name + ".0", "ca-certificates.crt"):
            shutil.copy(ca.own, os.path.join(trusted, file))
        run(find("mount"), "--bind", trusted, cls.FOLDER)
        cls.nginx = Nginx(cls.folder, "server { listen 127.0.0.1:{good} ssl; %s %s }" % (ca.server("good"), LOCATIONS), ["good"])
        cls.addClassCleanup(cls.nginx.server.stop)

    def test_only_ours_or_only_the_systems(self):
        base = "https://127.0.0.1:%d/v1" % self.nginx.ports["good"]
        self.assert_good(self.call(base))
        for option in ("--ca-file", "--ca-pem"):
            self.assert_unsent(self.call(base, option, self.ca.path("other.pem")), "tls", "not trusted", TRUST)
