# SPDX-License-Identifier: MIT
"""What the drives cost: each poll of a frame loop while pictures arrive, a poll with nothing to do, the way of a cancel, and calls a
second from many threads. Without a name all of them, else: drives.py BUILD frames|idle|cancel|threads ... Percentiles are those of
a round, the table shows their medians: machines are noisy."""
import base64
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from calls import Server

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
CANCELS = int(os.environ.get("BENCH_CANCELS", "200"))
MS = os.environ.get("BENCH_MS", "1000")
PICTURES = 4
SYSTEM_TRUST = "/etc/ssl/certs/ca-certificates.crt"
NGINX = """
daemon off; master_process off; pid %(folder)s/nginx.pid; error_log %(folder)s/nginx.log;
events { }
http {
  access_log off; proxy_temp_path %(folder)s/t1; client_body_temp_path %(folder)s/t2; fastcgi_temp_path %(folder)s/t3;
  uwsgi_temp_path %(folder)s/t4; scgi_temp_path %(folder)s/t5;
  server {
    listen 127.0.0.1:%(port)s ssl; ssl_certificate %(folder)s/server.pem; ssl_certificate_key %(folder)s/server.key;
    location / { proxy_pass %(origin)s; proxy_http_version 1.1; proxy_buffering off; proxy_buffers 8 64k;
      proxy_buffer_size 64k; }
  }
}
"""


def figures(command):
    """The lines that a program prints, as words."""
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if told.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {told.returncode}")
    return [line.split() for line in told.stdout.splitlines()]


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else 0.0


def median(rounds, of):
    return statistics.median(of(one) for one in rounds)


class Secure:
    """nginx before a server, with a certificate of its own; base is None where there is no nginx. The client trusts it beside all
    that the system trusts: reading those is a part of the first connection."""

    def __init__(self, base, folder):
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        nginx, openssl = shutil.which("nginx", path=path), shutil.which("openssl", path=path)
        self.base = self.process = None
        self.ca = os.path.join(folder, "trusted.pem")
        own = os.path.join(folder, "server.pem")
        if nginx is None or openssl is None:
            return
        subprocess.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", os.path.join(folder, "server.key"), "-out", own],
                       check=True, stderr=subprocess.DEVNULL)
        with open(self.ca, "wb") as file:
            for path in filter(os.path.exists, (own, SYSTEM_TRUST)):
                with open(path, "rb") as part:
                    file.write(part.read())
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as file:
            file.write(NGINX % {"folder": folder, "port": port, "origin": base[:-3]})
        self.process = subprocess.Popen([nginx, "-p", folder, "-c", conf], stderr=subprocess.DEVNULL)
        while not self.answers(port):
            if self.process.poll() is not None:
                sys.exit("nginx does not start")
            time.sleep(0.05)
        self.base = f"https://127.0.0.1:{port}/v1"

    @staticmethod
    def answers(port):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()


def fetch(base, path):
    """The picture as another program reads it."""
    with urllib.request.urlopen(urllib.request.Request(base + "/images/generations", b"{}")) as reply:
        picture = base64.b64decode(json.load(reply)["data"][0]["b64_json"])
    with open(path, "wb") as file:
        file.write(picture)
    return len(picture)


def frames_show(name, rounds):
    def of(state, column, p):
        return median(rounds, lambda one: percentile([float(w[column]) for w in one if w[0] == state], p))

    before = median(rounds, lambda one: sum(w[0] == "down" for w in one))
    count = median(rounds, lambda one: sum(w[0] == "up" for w in one))
    took = median(rounds, lambda one: float(one[-1][1]))
    print(f"{name:34}{count:6.0f}{of('up', 1, 50):8.0f}{of('up', 1, 99):8.0f}{of('up', 1, 100):8.0f}"
          f"{of('up', 2, 99):8.0f}{of('up', 2, 100):8.0f}{before:8.0f}{of('down', 1, 100):8.0f}"
          f"{of('down', 2, 100):8.0f}{took:8.0f}")


def frames(build):
    folder = tempfile.mkdtemp(prefix="bench-")
    os.chmod(folder, 0o755)
    picture = os.path.join(folder, "picture")
    server = Server(build, "8")
    size = fetch(server.base, picture)
    secure = Secure(server.base, folder)
    ways = [("caller, 500 us", "caller", "500"), ("caller, no budget", "caller", "0"), ("worker", "worker", "0")]
    setups = {}
    for tls in (False, True):
        if tls and secure.base is None:
            print("no nginx or openssl: TLS is left out")
            continue
        for name, way, budget in ways:
            for sink, told in (("memory", "into memory"), ("drop", "dropped")):
                setups[f"{name}{', TLS' if tls else ''}, {told}"] = [
                    os.path.join(build, "bench-frames"), secure.base if tls else server.base, secure.ca if tls else "-", way,
                    budget, sink, str(PICTURES), picture]
    told = {name: [] for name in setups}
    for _ in range(ROUNDS):
        for name, command in setups.items():
            told[name].append(figures(command))
    secure.stop()
    server.stop()
    shutil.rmtree(folder)
    print(f"60 frames a second, {PICTURES} pictures of {size / 1e6:.0f} MB as base64 arrive, all bytes right, {ROUNDS} rounds, "
          "medians; us a poll")
    print(f"{'':34}{'all connected':>22}{'':8}{'CPU alone':>16}{'until connected':>24}{'all':>8}")
    print(f"{'':34}{'frames':>6}{'p50':>8}{'p99':>8}{'max':>8}{'p99':>8}{'max':>8}{'frames':>8}{'max':>8}{'CPU max':>8}{'ms':>8}")
    for name, rounds in told.items():
        frames_show(name, rounds)


def idle(build):
    server = Server(build, "silent")
    print(f"poll(0) with nothing to do, {ROUNDS} rounds, medians")
    print(f"{'':34}{'us a call':>10}{'mallocs':>9}")
    for way in ("caller", "worker"):
        for count in (0, 1, 100):
            rounds = [figures([os.path.join(build, "bench-idle"), server.base, way, str(count)]) for _ in range(ROUNDS)]
            us = median(rounds, lambda one: statistics.median(float(w[0]) for w in one)) / 1000
            taken = max(int(w[1]) for one in rounds for w in one)
            print(f"{way + ', ' + str(count) + ' drawing':34}{us:10.2f}{taken:9}")
    server.stop()


def cancel(build):
    told = figures([os.path.join(build, "bench-cancel"), str(CANCELS)])
    print(f"from cancel() until it is known elsewhere, {CANCELS} rounds; ms")
    print(f"{'':14}{'waits':>24}{'polls':>24}{'waits, a worker moves':>24}")
    print(f"{'':14}" + f"{'p50':>8}{'p99':>8}{'max':>8}" * 3)
    for phase in dict.fromkeys(words[0] for words in told):
        line = f"{phase:14}"
        for by in ("wait", "poll", "worker"):
            us = [float(words[2]) for words in told if words[0] == phase and words[1] == by]
            line += "".join(f"{percentile(us, p) / 1000:8.2f}" for p in (50, 99, 100))
        print(line)


def threads(build):
    server = Server(build, "small")
    program = os.path.join(build, "bench-threads")
    counts, who = (1, 2, 4, 8), ("bare", "one client", "a worker")
    told = {(name, count): [] for name in who for count in counts}
    for _ in range(ROUNDS):
        for name, count in told:
            told[(name, count)].append([float(word) for word in figures([program, server.base, name, str(count), MS])[0]])
    server.stop()
    print(f"small calls from threads that block, {ROUNDS} rounds of {MS} ms, medians")
    print(f"{'':14}{'calls a second':>32}{'x bare':>32}{'us of CPU a call':>32}")
    print(f"{'threads':14}" + "".join(f"{count:8}" for count in counts) * 3)
    for name in who:
        speed = [median(told[(name, count)], lambda one: one[0]) for count in counts]
        ratio = [statistics.median(a[0] / b[0] for a, b in zip(told[(name, count)], told[("bare", count)])) for count in counts]
        cpu = [median(told[(name, count)], lambda one: one[1]) for count in counts]
        print(f"{name:14}" + "".join(f"{v:8.0f}" for v in speed) + "".join(f"{v:8.2f}" for v in ratio) +
              "".join(f"{v:8.1f}" for v in cpu))


def main():
    every = {"frames": frames, "idle": idle, "cancel": cancel, "threads": threads}
    for i, name in enumerate(sys.argv[2:] or every):
        if i:
            print()
        every[name](sys.argv[1])
        sys.stdout.flush()


if __name__ == "__main__":
    main()
