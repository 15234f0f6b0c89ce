# SPDX-License-Identifier: MIT
"""Proxies that ask for a password: tinyproxy and microsocks, with nginx behind them, in a network of the test's own. What came
through a proxy comes from its address."""
import os

from transport_support import LOCATIONS, Authority, Nginx, Process, WayTest, cover, find, run

SERVERS = """
  server { listen 127.0.0.1:{plain}; listen 10.77.0.1:80; %(locations)s }
  server { listen 10.77.0.1:443 ssl; %(good)s %(locations)s }
  server { listen 10.77.0.2:8443 ssl; %(good)s %(locations)s }
"""
HTTP, SOCKS = "10.77.0.2:3128", "10.77.0.3:1080"
ADDRESS = {"http": "10.77.0.2", "socks5": "10.77.0.3", "socks5h": "10.77.0.3", None: "10.77.0.1"}
TINYPROXY = """
User root
Group root
Port 3128
Listen 10.77.0.2
Bind 10.77.0.2
Timeout 20
LogLevel Info
BasicAuth kate open-sesame
"""
# As the program sees it, and as the SOCKS proxy does.
HOSTS_HERE = "127.0.0.1 localhost\n10.77.0.1 both.test here.test\n"
HOSTS_THERE = "127.0.0.1 localhost\n10.77.0.1 both.test there.test\n"
SECRETS = ("open-sesame", "open-barley")
ADVICE = r"apipie_client_set_proxy\(\)"


class Proxy(WayTest):
    needs = ("nginx", "openssl", "tinyproxy", "microsocks", "unshare", "ip", "mount")
    inside = True

    @classmethod
    def set_up_servers(cls):
        for number in (1, 2, 3):
            run(find("ip"), "addr", "add", "10.77.0.%d/24" % number, "dev", "lo")
        cls.ca = Authority(cls.folder)
        cls.ca.certificate("good", "IP:10.77.0.1,IP:10.77.0.2,DNS:both.test,DNS:here.test,DNS:there.test")
        cls.nginx = Nginx(cls.folder, SERVERS % {"good": cls.ca.server("good"), "locations": LOCATIONS}, ["plain"])
        cls.addClassCleanup(cls.nginx.server.stop)
        cls.start_proxies()
        cover("/etc/hosts", HOSTS_HERE, cls.folder)
        cover("/etc/nsswitch.conf", "hosts: files\n", cls.folder)

    @classmethod
    def start_proxies(cls):
        conf, there = os.path.join(cls.folder, "tinyproxy.conf"), os.path.join(cls.folder, "there")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(TINYPROXY)
        with open(there, "w", encoding="utf-8") as file:
            file.write(HOSTS_THERE)
        # A root that is none could not give up what tinyproxy wants to give up.
        as_nobody = [find("unshare"), "-U"] if "U" in os.environ["TRANSPORT_INSIDE"] else []
        cls.http = Process([*as_nobody, find("tinyproxy"), "-d", "-c", conf], os.path.join(cls.folder, "tinyproxy.log"))
        cls.addClassCleanup(cls.http.stop)
        script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
        cls.socks = Process([find("unshare"), "-m", "sh", "-c", script, "sh", there, find("microsocks"), "-i", "10.77.0.3", "-p", "1080",
                             "-u", "kate", "-P", "open-sesame", "-b", "10.77.0.3"], os.path.join(cls.folder, "microsocks.log"))
        cls.addClassCleanup(cls.socks.stop)
        cls.http.wait_for("10.77.0.2", 3128)
        cls.socks.wait_for("10.77.0.3", 1080)

    def setUp(self):
        self.nginx.forget()

    @staticmethod
    def proxy(scheme, who):
        return "%s://%s%s" % (scheme, who and who + "@", HTTP if scheme == "http" else SOCKS)

    def send(self, base, *options, **env):
        result = self.call(base, "--allow-http", 1, "--ca-file", self.ca.own, *options, **env)
        for secret in SECRETS:
            self.assertNotIn(secret, str(result) + str(result.attempts))
        return result

    def assert_came(self, result, scheme):
        """It was drawn, and it came that way."""
        self.assert_good(result)
        self.assertEqual([line[4] for line in self.nginx.log()], [ADDRESS[scheme]])
        self.nginx.forget()

    def assert_did_not_come(self, result, status, message, hint):
        self.assert_unsent(result, status, message, hint)
        self.assertEqual(self.nginx.log(), [])

    def test_right_password(self):
        for scheme in ("http", "socks5", "socks5h"):
            for base in ("http://10.77.0.1/v1", "https://10.77.0.1/v1", "http://both.test/v1", "https://both.test/v1"):
                with self.subTest(scheme=scheme, base=base):
                    self.assert_came(self.send(base, "--proxy", self.proxy(scheme, "kate:open-sesame")), scheme)

    def assert_refused(self, result, scheme, base, who, hint):
        """Of a wrong password tinyproxy says 401, as a server would. Without a tunnel nobody can tell them apart."""
        if scheme == "http" and base.startswith("http:") and who:
            self.assertEqual([a[:2] for a in result.attempts], [("rejected", "no")], result)
            self.assertEqual((result["status"], result["billed"], result["http"]), ("auth", "no", "401"), result)
            self.assertIn("in front of the server", result["hint"])
            self.assertEqual(self.nginx.log(), [])
        else:
            self.assert_did_not_come(result, "connect", "the proxy wants another user or password", hint)

    def test_wrong_password_and_none(self):
        for scheme in ("http", "socks5", "socks5h"):
            for base in ("http://10.77.0.1/v1", "https://10.77.0.1/v1"):
                for who in ("kate:open-barley", "kate", ""):
                    with self.subTest(scheme=scheme, base=base, who=who):
                        result = self.send(base, "--proxy", self.proxy(scheme, who), "--retries", 2)
                        self.assert_refused(result, scheme, base, who, ADVICE)

    def test_from_the_environment(self):
        http, socks = self.proxy("http", "kate:open-sesame"), self.proxy("socks5h", "kate:open-sesame")
        self.assert_came(self.send("http://10.77.0.1/v1", http_proxy=http), "http")
        self.assert_came(self.send("https://10.77.0.1/v1", https_proxy=http), "http")
        self.assert_came(self.send("https://10.77.0.1/v1", http_proxy=http), None)
        self.assert_came(self.send("http://10.77.0.1/v1", all_proxy=socks), "socks5h")
        self.assert_came(self.send("https://there.test/v1", all_proxy=socks), "socks5h")
        self.assert_came(self.send("http://10.77.0.1/v1", http_proxy=http, no_proxy="10.77.0.1"), None)
        for name in ("http_proxy", "all_proxy"):
            for scheme in ("http", "socks5"):
                for who in ("kate:open-barley", ""):
                    result = self.send("http://10.77.0.1/v1", **{name: self.proxy(scheme, who)})
                    self.assert_refused(result, scheme, "http:", who, "environment")

    def test_said_goes_before_the_environment(self):
        wrong, right = self.proxy("http", "kate:open-barley"), self.proxy("socks5", "kate:open-sesame")
        env = {"http_proxy": wrong, "https_proxy": wrong, "all_proxy": wrong, "no_proxy": "*"}
        for base in ("http://10.77.0.1/v1", "https://10.77.0.1/v1"):
            self.assert_came(self.send(base, "--proxy", "", **env), None)
            self.assert_came(self.send(base, "--proxy", right, **env), "socks5")
            self.assert_came(self.send(base, "--proxy", self.proxy("http", "kate:open-sesame"), **env), "http")

    def test_a_proxy_behind_tls(self):
        """nginx as one that answers itself. It is trusted by the same certificates as any server."""
        proxy, base = "https://kate:open-sesame@10.77.0.2:8443", "http://both.test/v1"
        for option in ("--ca-file", "--ca-pem"):
            self.nginx.forget()
            self.assert_good(self.call(base, "--allow-http", 1, "--proxy", proxy, option, self.ca.own))
            self.assertEqual([line[0] for line in self.nginx.log()], ["8443"])
        for result in (self.call(base, "--allow-http", 1, "--proxy", proxy), self.call(base, "--allow-http", 1, http_proxy=proxy)):
            self.assert_unsent(result, "tls", "not trusted", "certificates to trust")

    def test_this_machine_never(self):
        base = "http://127.0.0.1:%d/v1" % self.nginx.ports["plain"]
        self.assert_good(self.send(base, "--proxy", "http://10.77.0.2:9"))

    def test_who_looks_names_up(self):
        here, there = self.proxy("socks5", "kate:open-sesame"), self.proxy("socks5h", "kate:open-sesame")
        self.assert_came(self.send("https://here.test/v1", "--proxy", here), "socks5")
        self.assert_came(self.send("https://there.test/v1", "--proxy", there), "socks5h")
        result = self.send("https://there.test/v1", "--proxy", here)
        self.assert_did_not_come(result, "connect", "the server's name is not known", "base URL")
        result = self.send("https://here.test/v1", "--proxy", there)
        self.assert_did_not_come(result, "connect", "no way through the proxy", ADVICE)

    def test_no_proxy_there(self):
        for proxy in ("http://kate:open-sesame@10.77.0.2:9", "socks5://kate:open-sesame@10.77.0.2:9",
                      "http://kate:open-sesame@absent.test:3128"):
            for base in ("http://10.77.0.1/v1", "https://10.77.0.1/v1"):
                self.assert_did_not_come(self.send(base, "--proxy", proxy), "connect", "no way through the proxy", ADVICE)

    def test_nobody_behind_it(self):
        for scheme in ("http", "socks5"):
            result = self.send("https://10.77.0.1:9/v1", "--proxy", self.proxy(scheme, "kate:open-sesame"))
            self.assert_did_not_come(result, "connect", "no way through the proxy", ADVICE)

    def test_broken_in_the_environment(self):
        """libcurl's own words for it hold the whole URL."""
        for proxy in ("ftp://kate:open-sesame@10.77.0.2:3128", "http://kate:open-sesame@10.77.0.2:x"):
            self.assert_did_not_come(self.send("https://10.77.0.1/v1", https_proxy=proxy), "connect", "no way through the proxy", ADVICE)

    def test_certificates_through_the_tunnel(self):
        """CONNECT changes nothing about trust."""
        for scheme in ("http", "socks5h"):
            result = self.call("https://10.77.0.1/v1", "--proxy", self.proxy(scheme, "kate:open-sesame"))
            self.assert_unsent(result, "tls", "not trusted", "certificates to trust")

    def test_agent_and_headers(self):
        self.send("https://10.77.0.1/v1", "--proxy", self.proxy("http", "kate:open-sesame"), "--user-agent", "Game/1.2")
        self.assertRegex(self.nginx.log()[0][7], r'^"libapipie/\S+ Game/1.2$')
