# SPDX-License-Identifier: MIT
"""HTTP/2 against nginx: only when asked for, shared by many calls, and no paid call is ever sent twice."""
import collections
import http.server
import os
import signal
import socket
import ssl
import struct
import threading
import time

from transport_support import LOCATIONS, REPLY, Authority, Nginx, WayTest, wait_until

SERVERS = """
  server { listen 127.0.0.1:{two} ssl http2; %(good)s %(locations)s }
  server { listen 127.0.0.1:{one} ssl; %(good)s %(locations)s }
  server { listen 127.0.0.1:{short} ssl http2; %(good)s keepalive_requests 3; %(locations)s }
  server { listen 127.0.0.1:{slow} ssl http2; %(good)s location / { proxy_pass http://127.0.0.1:%(upstream)d; } }
"""


class Upstream:
    """Draws for a while, and counts the calls by their Idempotency-Key: what came here may have been billed."""

    def __init__(self, seconds):
        outer = self
        self.keys, self.lock = [], threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    outer.keys.append(self.headers["Idempotency-Key"])
                time.sleep(seconds)
                self.send_response(200)
                self.send_header("Content-Length", str(len(REPLY)))
                self.end_headers()
                try:
                    self.wfile.write(REPLY.encode())
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


REFUSED_STREAM = 7


class Refuser:
    """An HTTP/2 server by hand that reads each call whole and then says that it did not: RST_STREAM, or GOAWAY for stream 0."""

    def __init__(self, ca, name, goodbye):
        self.calls, self.goodbye = 0, goodbye
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(ca.path(name + ".pem"), ca.path(name + ".key"))
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload

    def answer(self, kind, flags, stream):
        """To a frame: SETTINGS (4) are acknowledged; the end of a call (HEADERS 1 or DATA 0 with END_STREAM) is refused."""
        if kind == 4 and not flags & 1:
            return self.frame(4, 1, 0, b"")
        if kind not in (0, 1) or not flags & 1:
            return b""
        self.calls += 1
        if self.goodbye:
            return self.frame(7, 0, 0, struct.pack(">II", 0, 0))
        return self.frame(3, 0, stream, struct.pack(">I", REFUSED_STREAM))

    def serve(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True) as s, s.makefile("rb") as file:
                s.sendall(self.frame(4, 0, 0, b""))
                file.read(24)  # the preface
                while True:
                    head = file.read(9)
                    kind, flags, stream = struct.unpack(">BBI", head[3:])
                    file.read(int.from_bytes(head[:3], "big"))
                    s.sendall(self.answer(kind, flags, stream))
        except (OSError, struct.error):
            pass


class Http2(WayTest):
    needs = ("nginx", "openssl")

    @classmethod
    def set_up_servers(cls):
        cls.upstream = Upstream(0.3)
        cls.ca = Authority(cls.folder)
        cls.ca.certificate("good", "IP:127.0.0.1")
        servers = SERVERS % {"good": cls.ca.server("good"), "locations": LOCATIONS, "upstream": cls.upstream.port}
        cls.nginx = Nginx(cls.folder, servers, ["two", "one", "short", "slow"])
        cls.addClassCleanup(cls.nginx.server.stop)

    def setUp(self):
        self.nginx.forget()
        self.upstream.keys.clear()

    def base(self, name, path=""):
        return "https://127.0.0.1:%d%s/v1" % (self.nginx.ports[name], path)

    def options(self, *more):
        return ["--ca-file", self.ca.own, *more]

    def protocols(self):
        return collections.Counter(line[1] for line in self.nginx.log())

    def test_off_by_default(self):
        self.assert_good(self.call(self.base("two"), *self.options()))
        self.assert_good(self.call(self.base("two"), *self.options("--http2", 0)))
        self.assertEqual(self.protocols(), {"HTTP/1.1": 2})

    def test_where_it_is_offered(self):
        self.assert_good(self.call(self.base("two"), *self.options("--http2", 1, "--header", "X-Own=yes")))
        self.assertEqual(self.protocols(), {"HTTP/2.0": 1})
        self.assert_good(self.call(self.base("one"), *self.options("--http2", 1)))
        self.assertEqual(self.protocols(), {"HTTP/2.0": 1, "HTTP/1.1": 1})

    def test_many_at_once(self):
        """A burst opens its connections at once; what comes later shares them."""
        for result in self.calls(self.base("two"), *self.options("--http2", 1, "--requests", 32, "--rounds", 4)):
            self.assert_good(result)
        log = self.nginx.log()
        self.assertEqual(self.protocols(), {"HTTP/2.0": 128})
        connections = collections.Counter(line[5] for line in log)
        last = len({line[5] for line in log[-32:]})
        print("32 at once, 4 times: %d connections, %d of them in the last round, %d calls on the busiest" %
              (len(connections), last, max(connections.values())), flush=True)
        self.assertLessEqual(len(connections), 33)
        self.assertGreater(max(connections.values()), 4)

    def judge(self, results, keys):
        """None came twice; what is called unsent did not come, and what came is called so."""
        counts = collections.Counter(keys)
        self.assertEqual({key: n for key, n in counts.items() if n > 1}, {})
        outcomes = collections.Counter(result.attempts[-1][0] for result in results)
        print("outcomes: %s; %d calls came" % (dict(outcomes), len(counts)), flush=True)
        for result in results:
            self.assertEqual(len([a for a in result.attempts if a[0] in ("delivered", "unknown")]) <= 1, True, result)
        self.assertEqual(set(outcomes) - {"delivered", "unknown", "not sent"}, set())
        self.assertLessEqual(outcomes["delivered"], len(counts))
        self.assertLessEqual(len(counts), outcomes["delivered"] + outcomes["unknown"])
        return outcomes

    def test_goodbye_after_a_few(self):
        """nginx takes 3 calls on a connection, then says GOAWAY."""
        for retries in (0, 2):
            self.nginx.forget()
            results = self.calls(self.base("short"), *self.options("--http2", 1, "--requests", 32, "--rounds", 6, "--retries", retries))
            log = self.nginx.log()
            self.assertEqual(set(self.protocols()), {"HTTP/2.0"})
            self.assertLessEqual(max(collections.Counter(line[5] for line in log).values()), 4)
            outcomes = self.judge(results, [line[6] for line in log])
            self.assertGreaterEqual(outcomes["delivered"], 3 * 6)  # how many more is a matter of timing

    def while_drawing(self, act):
        """Acts while the second and the fourth round are out, on connections that had been used before: there libcurl would send
        again."""
        process = self.start_way(self.base("slow"), *self.options("--http2", 1, "--requests", 16, "--rounds", 5, "--retries", 2))
        for came in (32, 64):
            wait_until(lambda: len(self.upstream.keys) >= came or process.poll() is not None, "%d calls came" % came)
            act()
        outcomes = self.judge(self.end_way(process), list(self.upstream.keys))
        self.assertEqual(sum(outcomes.values()), 80)
        return outcomes

    def test_workers_replaced(self):
        """A reload: the old worker says GOAWAY and ends what it has begun."""
        outcomes = self.while_drawing(lambda: os.kill(self.nginx.master(), signal.SIGHUP))
        self.assertGreater(outcomes["delivered"], 32)

    def test_workers_killed(self):
        """All calls of the connections are lost at once: unknown, and none is sent again."""
        outcomes = self.while_drawing(lambda: [os.kill(pid, signal.SIGKILL) for pid in self.nginx.workers()])
        self.assertGreater(outcomes["unknown"], 0)

    def test_refused_after_it_was_sent(self):
        """libcurl would send it again at once, on another connection."""
        for goodbye in (False, True):
            with self.subTest(goodbye=goodbye):
                server = Refuser(self.ca, "good", goodbye)
                result = self.call("https://127.0.0.1:%d/v1" % server.port, *self.options("--http2", 1, "--retries", 2))
                self.assertEqual(server.calls, 1)
                self.assertEqual([a[:2] for a in result.attempts], [("unknown", "unknown")], result)
                self.assertEqual((result["status"], result["billed"]), ("network", "unknown"), result)

    def test_cut_off(self):
        """The server took the call and closes the stream without an answer."""
        result = self.call(self.base("two", "/cut"), *self.options("--http2", 1, "--retries", 2))
        self.assertEqual([a[:2] for a in result.attempts], [("unknown", "unknown")], result)
        self.assertEqual((result["status"], result["billed"]), ("network", "unknown"), result)
        self.assertEqual([line[1:4] for line in self.nginx.log()], [["HTTP/2.0", "POST", "444"]])
