# SPDX-License-Identifier: MIT
"""Many small calls over loopback: CPU per call of bare curl_multi, of the transport alone, and of libapipie; then what requests
in line cost: CPU per request for 1,000 and 10,000 of them, and memory. All in one run, in turns; ratios are taken round by
round, because machines are noisy."""
import os
import statistics
import subprocess
import sys

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))
CALLS = int(os.environ.get("BENCH_CALLS", "20000"))
WIDTH = 64


class Server:
    def __init__(self, build, mode):
        self.process = subprocess.Popen([os.path.join(build, "bench-serve"), mode], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.base = f"http://127.0.0.1:{self.process.stdout.readline().strip()}/v1"

    def stop(self):
        """Connections and requests that came."""
        self.process.stdin.close()
        told = self.process.stdout.read().split()
        self.process.wait()
        return told


def run(command):
    """CPU seconds of one process."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed: {status}")
    return usage.ru_utime + usage.ru_stime


def per_call(build):
    server = Server(build, "small")
    url = server.base + "/images/generations"
    calls, width = str(CALLS), str(WIDTH)
    programs = {
        "bare curl_multi": ["bench-calls-floor", url, calls, width],
        "the same, no signals": ["bench-calls-floor", url, calls, width, "1"],
        "lib/http alone": ["bench-calls-http", url, calls, width],
        "libapipie": ["bench-calls-ours", server.base, calls, width, str(WIDTH * 4)],
    }
    cpu = {name: [] for name in programs}
    for turn in range(ROUNDS + 1):
        for name, command in programs.items():
            seconds = run([os.path.join(build, command[0])] + command[1:])
            if turn > 0:  # the first round warms up
                cpu[name].append(seconds / CALLS * 1e6)
    connections, requests = server.stop()
    print(f"{CALLS} small calls, {WIDTH} in flight, loopback, {ROUNDS} rounds, medians")
    print(f"{'':26}{'CPU us a call':>15}{'x bare':>8}")
    for name in programs:
        ratio = statistics.median(a / b for a, b in zip(cpu[name], cpu["bare curl_multi"]))
        print(f"{name:26}{statistics.median(cpu[name]):15.1f}{ratio:8.2f}")
    print(f"{requests} requests came on {connections} connections of {4 * (ROUNDS + 1)} programs")


def in_line(build):
    server = Server(build, "small")
    program = os.path.join(build, "bench-calls-ours")
    cpu = {count: [] for count in (1000, 10000)}
    for _ in range(ROUNDS):
        for count in cpu:
            cpu[count].append(run([program, server.base, str(count), "8", str(count)]) / count * 1e6)
    server.stop()
    for count in cpu:
        print(f"{count:6} submitted at once, 8 in flight: {statistics.median(cpu[count]):7.1f} us of CPU each")
    print(f"ratio {statistics.median(a / b for a, b in zip(cpu[10000], cpu[1000])):.2f}")


def memory(build):
    server = Server(build, "silent")
    told = subprocess.run([os.path.join(build, "bench-queue"), server.base, "10000"], check=True, text=True,
                          capture_output=True)
    server.stop()
    size, blocks = told.stdout.split()
    print(f"a request in line: {size} bytes in {blocks} blocks, beside its prompt. {told.stderr.strip()}")


def main():
    build = sys.argv[1]
    per_call(build)
    in_line(build)
    memory(build)


if __name__ == "__main__":
    main()
