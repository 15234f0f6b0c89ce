# SPDX-License-Identifier: MIT
"""What the tests of the command share: a clean run of it, a sandbox, and a server that counts."""
import hashlib
import http.server
import json
import os
import signal
import struct
import subprocess
import tempfile
import threading
import unittest
import zlib

KEY = "sk-pie-secret-of-the-test"
PROMPT = "A serene landscape with mountains reflected in a calm lake at sunset"


def png(width=3, height=2):
    """A whole picture, small."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = b"".join(b"\0" + bytes(3 * width) for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def png_size(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return None
    return struct.unpack(">II", data[16:24])


def clean_environment(**more):
    """Nothing of the machine's own keys, servers, proxies and configuration."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith("APIPIE_") and not k.lower().endswith("_proxy")}
    env["XDG_CONFIG_HOME"] = "/nowhere"
    env.update(more)
    return env


class Sandbox:
    """`apipie sandbox`, and the way to it as it prints it."""

    def __init__(self, apipie, *options):
        self.process = subprocess.Popen([apipie, "sandbox", *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=clean_environment())
        self.lines = [self.process.stdout.readline().rstrip("\n") for _ in range(3)]
        self.env = {}
        for line in self.lines[:2]:
            for word in line.split()[1:]:
                name, _, value = word.partition("=")
                self.env[name] = value
        if "APIPIE_BASE_URL" not in self.env:
            self.process.kill()
            raise RuntimeError("the sandbox does not start: " + self.process.communicate()[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


class Counter:
    """A server that remembers what it was sent and answers what it is told: reply(handler, body). What is uploaded before
    that gets a URL that stands for its bytes, and is in uploads by that; it is no post."""

    def __init__(self, reply):
        outer = self
        self.posts, self.headers, self.uploads, self.arrived = [], [], {}, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/urlshare":
                    picture = body[body.index(b"\r\n\r\n") + 4:body.rindex(b"\r\n--")]
                    url = "https://example.com/temp/" + hashlib.sha256(picture).hexdigest()[:16] + ".png"
                    outer.uploads[url] = picture
                    answer(self, 200, {"url": url})
                    return
                outer.posts.append(body)
                outer.headers.append(dict(self.headers))
                outer.arrived.set()
                reply(self, body)

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64  # with five, a crowd waits for its connections to be tried again

            def handle_error(self, *words):
                pass  # a client that goes away is part of the tests

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/v1" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def answer(handler, status, body, kind="application/json", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def answer_picture(handler, body):
    answer(handler, 200, png(), "image/png")


class CliTest(unittest.TestCase):
    """A fresh folder for each test; run() leaves what the command said in self.out and self.err."""

    apipie = None
    sandbox = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.env = clean_environment(APIPIE_API_KEY=KEY, APIPIE_BASE_URL="http://127.0.0.1:9/v1")

    def use_sandbox(self):
        """One sandbox for all tests of a class: every call may name its own fault."""
        cls = type(self)
        if cls.sandbox is None:
            cls.sandbox = Sandbox(CliTest.apipie)
            cls.addClassCleanup(cls.sandbox.stop)
        self.env.update(cls.sandbox.env)

    def count(self, reply):
        counter = Counter(reply)
        self.addCleanup(counter.stop)
        self.env["APIPIE_BASE_URL"] = counter.url
        return counter

    def popen(self, *arguments, **more):
        return subprocess.Popen([CliTest.apipie, *arguments], cwd=self.folder, env=self.env,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                   "stderr": subprocess.PIPE, **more})

    def run_cli(self, *arguments, **more):
        with self.popen(*arguments, **more) as process:
            out, err = process.communicate(timeout=60)
        self.out, self.err = out, err.decode()
        return process.returncode

    def generate(self, *arguments):
        return self.run_cli("generate", PROMPT, *arguments)

    def fault(self, word, *arguments):
        return self.generate("--extra", 'sandbox={"fault":"%s"}' % word, *arguments)

    def json(self):
        """The one value on stdout: nothing before it, one line end after it, safe to show."""
        text = self.out.decode("utf-8")
        self.assertEqual(text.count("\n"), 1)
        self.assertTrue(text.endswith("\n"))
        self.assertNotRegex(text[:-1], "[\x00-\x1f\x7f-\x9f]")
        return json.loads(text)

    def error(self):
        value = self.json()
        self.assertIs(value["ok"], False)
        return value["error"]

    def files(self):
        return sorted(os.listdir(self.folder))

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path
