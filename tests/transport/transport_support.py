# SPDX-License-Identifier: MIT
"""What the themes share: servers of a test's own in a folder of its own, certificates, and the program that sends calls."""
import base64
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PNG = ("iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/Sv+YkQ8PcXVsvvX/"
       "FrgIAV+8Jkhdl86AAAAAASUVORK5CYII=")
REPLY = '{"data":[{"b64_json":"%s"}]}' % PNG
SKIP = 77
SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"])
SANITIZED = {"ASAN_OPTIONS": "detect_stack_use_after_return=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


def find(name):
    return shutil.which(name, path=SBIN)


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def need(*programs):
    missing = [name for name in programs if not find(name)]
    if missing:
        skip("not installed: " + " ".join(missing))


def enter_namespace():
    """Goes on in a network and a file system of its own, where ports and names are the test's. SKIP where that is not allowed."""
    if os.environ.get("TRANSPORT_INSIDE"):
        run(find("ip"), "link", "set", "lo", "up")
        return
    flags = "-mn" if os.geteuid() == 0 else "-Urmn"
    try_it = subprocess.run([find("unshare"), flags, find("ip"), "link", "set", "lo", "up"], stderr=subprocess.PIPE, text=True)
    if try_it.returncode:
        skip("no namespace of its own: " + try_it.stderr.strip())
    env = dict(os.environ, TRANSPORT_INSIDE=flags)
    os.execvpe(find("unshare"), ["unshare", flags, sys.executable, *sys.argv], env)


def cover(path, content, folder):
    """Other content for a file of the system, for whoever is in this namespace."""
    own = os.path.join(folder, os.path.basename(path))
    with open(own, "w", encoding="utf-8") as file:
        file.write(content)
    run(find("mount"), "--bind", own, os.path.realpath(path))


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more).stdout


def wait_until(done, what, seconds=10):
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise RuntimeError("in vain: " + what)
        time.sleep(0.01)


def answers(address, port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((address, port)) == 0


def free_port(address="127.0.0.1"):
    with socket.socket() as s:
        s.bind((address, 0))
        return s.getsockname()[1]


class Process:
    """A server that runs in the foreground."""

    def __init__(self, command, log, **more):
        self.log = log
        with open(log, "ab") as file:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, **more)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, address, port):
        wait_until(lambda: self.process.poll() is not None or answers(address, port), "the server answers")
        if self.process.poll() is not None:
            raise RuntimeError("the server does not start: " + self.text())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Slow:
    """Passes one connection on to a port of this machine, what comes back so much later."""

    def __init__(self, port, seconds):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, args=(port, seconds), daemon=True).start()

    def serve(self, port, seconds):
        client, _ = self.listener.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            forth = threading.Thread(target=self.copy, args=(client, server, 0), daemon=True)
            forth.start()
            self.copy(server, client, seconds)
            forth.join()

    @staticmethod
    def copy(source, target, seconds):
        try:
            while data := source.recv(65536):
                time.sleep(seconds)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one side has gone


NGINX = """
daemon off; pid %(folder)s/nginx.pid; error_log %(folder)s/nginx.log notice; worker_processes 1; %(user)s
worker_shutdown_timeout 5s;
events { worker_connections 512; }
http {
  log_format way '$server_port $server_protocol $request_method $status $remote_addr $connection $http_idempotency_key "$http_user_agent"';
  access_log %(folder)s/access.log way;
  client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi; uwsgi_temp_path %(folder)s/uwsgi; scgi_temp_path %(folder)s/scgi;
  default_type application/json; keepalive_timeout 60s;
  %(servers)s
}
"""
LOCATIONS = """
    location = /v1/images/generations { return 200 '%s'; }
    location = /cut/v1/images/generations { return 444; }
""" % REPLY


class Nginx:
    """nginx with the servers of a text in which {name} stands for a free port."""

    def __init__(self, folder, servers, names):
        self.folder = folder
        for attempt in range(5):
            self.ports = {name: free_port() for name in names}
            try:
                self.start(servers)
                return
            except RuntimeError:  # somebody else took a port meanwhile
                self.server.stop()
                if attempt == 4:
                    raise

    def start(self, text):
        for name, port in self.ports.items():
            text = text.replace("{%s}" % name, str(port))
        user = "user %s;" % pwd.getpwuid(0).pw_name if os.geteuid() == 0 else ""
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(NGINX % {"folder": self.folder, "user": user, "servers": text})
        self.server = Process([find("nginx"), "-e", os.path.join(self.folder, "nginx.log"), "-p", self.folder, "-c", conf],
                              os.path.join(self.folder, "nginx.out"))
        self.server.wait_for("127.0.0.1", list(self.ports.values())[0])

    def master(self):
        with open(os.path.join(self.folder, "nginx.pid"), encoding="utf-8") as file:
            return int(file.read())

    def workers(self):
        with open("/proc/%d/task/%d/children" % (self.master(), self.master()), encoding="utf-8") as file:
            return [int(word) for word in file.read().split()]

    def log(self):
        """The requests so far: [port, protocol, method, status, address, connection, key, agent]."""
        time.sleep(0.1)  # it is written a moment after the reply
        with open(os.path.join(self.folder, "access.log"), encoding="utf-8") as file:
            return [line.rstrip('"\n').split(" ", 7) for line in file]

    def forget(self):
        with open(os.path.join(self.folder, "access.log"), "w", encoding="utf-8"):
            pass


class Authority:
    """A CA of the test's own, and certificates by it."""

    CONFIG = """
[ca]
default_ca = own
[own]
dir = {0}
database = {0}/index.txt
new_certs_dir = {0}/new
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
commonName = test
"""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "ca")
        os.makedirs(os.path.join(self.folder, "new"))
        open(self.path("index.txt"), "w", encoding="utf-8").close()
        with open(self.path("ca.cnf"), "w", encoding="utf-8") as file:
            file.write(self.CONFIG.format(self.folder))
        self.own = self.path("ca.pem")
        self.self_signed("ca", "/CN=the test's own CA", "basicConstraints=critical,CA:TRUE")

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, name):
        run(find("openssl"), "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))

    def self_signed(self, name, subject, *extensions):
        self.key(name)
        more = [word for extension in extensions for word in ("-addext", extension)]
        run(find("openssl"), "req", "-x509", "-new", "-config", self.path("ca.cnf"), "-key", self.path(name + ".key"), "-subj", subject,
            "-days", "30", "-out", self.path(name + ".pem"), *more)

    def certificate(self, name, alternatives, start=None, end=None):
        self.key(name)
        run(find("openssl"), "req", "-new", "-config", self.path("ca.cnf"), "-key", self.path(name + ".key"), "-subj", "/CN=" + name,
            "-addext", "subjectAltName=" + alternatives, "-out", self.path(name + ".csr"))
        dates = ["-startdate", start, "-enddate", end] if start else ["-days", "30"]
        run(find("openssl"), "ca", "-batch", "-notext", "-config", self.path("ca.cnf"), "-cert", self.own, "-keyfile",
            self.path("ca.key"), "-in", self.path(name + ".csr"), "-out", self.path(name + ".pem"), *dates)

    def pin(self, name):
        der = run(find("openssl"), "pkey", "-in", self.path(name + ".key"), "-pubout", "-outform", "DER")
        return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()

    def server(self, name):
        return "ssl_certificate %s; ssl_certificate_key %s;" % (self.path(name + ".pem"), self.path(name + ".key"))


class Result(dict):
    """What became of one request; attempts is a list of (outcome, billed, message)."""

    def __init__(self, lines):
        super().__init__()
        self.attempts = []
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "attempt":
                self.attempts.append(tuple(value.split(", ", 2)))
            else:
                self[name] = value


class WayTest(unittest.TestCase):
    way = None
    needs = ()      # programs
    inside = False  # a namespace of its own

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = os.path.realpath(folder.name)
        cls.set_up_servers()

    @classmethod
    def set_up_servers(cls):
        pass

    def start_way(self, base, *options, **env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("APIPIE_") and not k.lower().endswith("_proxy")}
        clean = dict(SANITIZED, **clean)
        clean.update(env)
        return subprocess.Popen([self.way, base, *[str(word) for word in options]], env=clean, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end_way(self, process, exit_code=0):
        out, err = process.communicate(timeout=90)
        self.assertEqual(process.returncode, exit_code, out + err)
        self.assertEqual(err, "")
        return [Result(block.split("\n")) for block in out.strip().split("\n\n")]

    def calls(self, base, *options, **env):
        return self.end_way(self.start_way(base, *options, **env))

    def call(self, base, *options, **env):
        results = self.calls(base, *options, **env)
        self.assertEqual(len(results), 1)
        return results[0]

    def assert_good(self, result):
        self.assertEqual(result["status"], "ok", result)
        self.assertEqual(result["images"], "1", result)

    def assert_unsent(self, result, status, message, hint):
        """Refused before anything went out: tried once, not sent, unbilled, and it says why and what to do."""
        self.assertEqual(result["status"], status, result)
        self.assertEqual([a[:2] for a in result.attempts], [("not sent", "no")], result)
        self.assertEqual(result["billed"], "no", result)
        self.assertRegex(result["message"], message)
        self.assertRegex(result["hint"], hint)
