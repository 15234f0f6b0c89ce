#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_prometheus.py PROGRAM DOC: promtool accepts what `PROGRAM prometheus` prints; a real Prometheus scrapes it, and as OpenMetrics,
and answers the queries that docs/stats.md lists. Exits 77 without promtool or prometheus."""
import functools
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

TYPES = {"prometheus": "text/plain; version=0.0.4", "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8"}


def skip(why):
    print("SKIP: " + why)
    sys.exit(77)


def text_of(program, which):
    return subprocess.run([program, which], check=True, capture_output=True).stdout


def check_promtool(program):
    done = subprocess.run(["promtool", "check", "metrics"], input=text_of(program, "prometheus"), capture_output=True)
    problems = (done.stdout + done.stderr).decode().strip()
    if done.returncode != 0 or problems:
        sys.exit("promtool: %d %s" % (done.returncode, problems))


def check_example(document):
    """The prometheus.yml of the page."""
    with open(document, encoding="utf-8") as file:
        block = re.search(r"```yaml\n(.*?)```", file.read(), re.S).group(1)
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write(block)
        file.flush()
        subprocess.run(["promtool", "check", "config", file.name], check=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, program, *rest):
        self.program = program
        super().__init__(*rest)

    def do_GET(self):
        which = self.path.strip("/")
        body = text_of(self.program, which)
        self.send_response(200)
        self.send_header("Content-Type", TYPES[which])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(port):
    jobs = "".join("  - job_name: %s\n    metrics_path: /%s\n    static_configs: [{targets: ['127.0.0.1:%d']}]\n" % (name, name, port)
                   for name in TYPES)
    return "global: {scrape_interval: 1s}\nscrape_configs:\n" + jobs


def ask(port, query):
    url = "http://127.0.0.1:%d/api/v1/query?%s" % (port, urllib.parse.urlencode({"query": query}))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as reply:
        return json.load(reply)["data"]["result"]


def wait_for(port, query, seconds=40):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            result = ask(port, query)
            if result:
                return result
        except OSError:
            pass
        time.sleep(0.3)
    sys.exit("no answer to " + query)


def queries(document):
    """The PromQL of the page: each code block that says so, a query a line."""
    with open(document, encoding="utf-8") as file:
        blocks = re.findall(r"```promql\n(.*?)```", file.read(), re.S)
    found = [line for block in blocks for line in block.split("\n") if line and not line.startswith("#")]
    if not found:
        sys.exit("no queries in " + document)
    return found


def check_answers(port, document):
    want = {"apipie_cost_dollars_total": "0.008000000001", "apipie_request_duration_seconds_count": "1"}
    for job in TYPES:
        assert wait_for(port, 'up{job="%s"} == 1' % job)
        for name, value in want.items():
            result = wait_for(port, '%s{job="%s",provider="pro\\"di\\\\a"}' % (name, job))
            assert len(result) == 1 and result[0]["value"][1] == value, result
            assert result[0]["metric"]["model"] == "s\nd", result
    quantile = ask(port, 'histogram_quantile(0.5, apipie_request_duration_seconds_bucket{job="prometheus",model="s\\nd"})')
    assert quantile[0]["value"][1] == "1.92", quantile
    for query in queries(document):
        ask(port, query)
        print("answered: " + query)


def main(program, document):
    if shutil.which("promtool") is None:
        skip("promtool is not installed")
    check_promtool(program)
    check_example(document)
    if shutil.which("prometheus") is None:
        skip("promtool accepts it; prometheus is not installed")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, os.path.abspath(program)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        config, port = os.path.join(folder, "prometheus.yml"), free_port()
        with open(config, "w", encoding="utf-8") as file:
            file.write(configuration(server.server_address[1]))
        with open(os.path.join(folder, "log"), "wb") as log:
            process = subprocess.Popen(["prometheus", "--config.file=" + config, "--storage.tsdb.path=" + folder + "/data",
                                        "--web.listen-address=127.0.0.1:%d" % port], stdout=log, stderr=log)
        try:
            check_answers(port, document)
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
