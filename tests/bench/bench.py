# SPDX-License-Identifier: MIT
"""One 48 MB picture as base64 over loopback: CPU and peak memory of libcurl alone, of hand-written curl + jansson +
libb64, and of libapipie. All in one run, in turns; ratios are taken round by round, because machines are noisy."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "9"))


def run(command):
    """CPU seconds and peak memory in MiB of one process."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed: {status}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    build, library = sys.argv[1], sys.argv[2]
    folder = tempfile.mkdtemp(prefix="bench-")
    server = subprocess.Popen([os.path.join(build, "bench-serve"), "48"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    base = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    target = os.path.join(folder, "picture.png")
    programs = {
        "libcurl, bytes dropped": ["bench-floor", base],
        "libapipie into a file": ["bench-ours", base, target],
        "libapipie into memory": ["bench-ours", base, "-"],
        "curl + jansson + libb64": ["bench-naive", base, target],
    }
    cpu = {name: [] for name in programs}
    memory = {name: [] for name in programs}
    for turn in range(ROUNDS + 1):
        for name, command in programs.items():
            seconds, peak = run([os.path.join(build, command[0])] + command[1:])
            if turn > 0:  # the first round warms up
                cpu[name].append(seconds)
                memory[name].append(peak)
    server.stdin.close()
    server.wait()
    floor = "libcurl, bytes dropped"
    print(f"48 MB picture as base64 (64 MB on the wire), loopback, {ROUNDS} rounds, medians")
    print(f"{'':26}{'CPU s':>8}{'x libcurl':>11}{'peak MiB':>10}{'over it':>9}")
    for name in programs:
        ratio = statistics.median(a / b for a, b in zip(cpu[name], cpu[floor]))
        over = statistics.median(a - b for a, b in zip(memory[name], memory[floor]))
        print(f"{name:26}{statistics.median(cpu[name]):8.3f}{ratio:11.2f}"
              f"{statistics.median(memory[name]):10.1f}{over:9.1f}")
    stripped = os.path.join(folder, "stripped.so")
    subprocess.run(["strip", "-o", stripped, library], check=True)
    print(f"stripped library: {os.path.getsize(stripped) / 1024:.0f} KiB")
    shutil.rmtree(folder)


main()
