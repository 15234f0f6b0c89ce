# SPDX-License-Identifier: MIT
"""A call that brings a picture of 50 MB with it: CPU and peak memory of the process, by how the picture is given. The floor is the
same call without one. The server counts what came and answers one small picture."""
import os
import socket
import statistics
import sys
import tempfile
import threading

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SIZE = 50 * 1000 * 1000
PICTURE = (b'{"data":[{"b64_json":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5E'
           b'rkJggg=="}]}')


def run(command):
    """CPU seconds and peak memory in MiB of one process. It says the peak itself: what wait4 tells begins with that of the process
    that started it."""
    reader, writer = os.pipe()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    with os.fdopen(reader) as said:
        peak = int(said.read())
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"{command[0]} failed: {status}")
    return usage.ru_utime + usage.ru_stime, peak / 1024


def serve(connection, came):
    buffer = bytearray(1 << 20)
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(4096)
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    left = length - len(head.split(b"\r\n\r\n", 1)[1])
    while left > 0:
        n = connection.recv_into(buffer)
        if n == 0:
            return
        left -= n
    came.append(length)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(PICTURE)
                       + PICTURE)
    connection.close()


def listen(server, came):
    while True:
        connection, _ = server.accept()
        threading.Thread(target=serve, args=(connection, came), daemon=True).start()


def main():
    program = os.path.join(sys.argv[1], "bench-inputs-run")
    server = socket.create_server(("127.0.0.1", 0))
    came = []
    threading.Thread(target=listen, args=(server, came), daemon=True).start()
    base = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    with tempfile.NamedTemporaryFile(suffix=".png") as picture:
        picture.write(b"\x89PNG\r\n\x1a\n" + os.urandom(SIZE - 8))
        picture.flush()
        figures = {how: [] for how in ("none", "file", "multipart", "bytes")}
        sizes = {}
        for _ in range(ROUNDS):
            for how, rows in figures.items():
                rows.append(run([program, base, how, picture.name]))
                sizes[how] = came.pop()
    floor = statistics.median(peak for _, peak in figures["none"])
    names = {"none": "no picture (the floor)", "file": "a file, base64 in JSON", "multipart": "a file, multipart",
             "bytes": "bytes, base64 in JSON"}
    print(f"a picture of 50 MB goes out over loopback, {ROUNDS} rounds, medians")
    print(f"{'':26}{'sent MB':>9}{'CPU s':>8}{'peak MiB':>10}{'over it':>9}")
    for how, rows in figures.items():
        peak = statistics.median(row[1] for row in rows)
        print(f"{names[how]:26}{sizes[how] / 1e6:9.1f}{statistics.median(row[0] for row in rows):8.3f}{peak:10.1f}"
              f"{peak - floor:9.1f}")


main()
