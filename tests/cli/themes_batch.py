# SPDX-License-Identifier: MIT
"""`apipie generate --batch`: many lines, one that fails, and what is left of a run that was killed."""
import json
import os
import pty
import signal
import subprocess
import threading
import time

from cli_support import CliTest, Sandbox, answer, answer_picture, png, png_size
from themes_contract import BAD_KEYS, GOOD_KEYS

SUMMARY = r"\A%d done, %d failed%s · \$%s · \d+\.\d s\n\Z"


class BatchTest(CliTest):
    def batch(self, text, *arguments, name="list"):
        self.write(name, text if isinstance(text, bytes) else text.encode())
        return self.run_cli("generate", "--batch", name, "-s", "64x64", *arguments)

    def lines(self):
        return [json.loads(line) for line in self.out.decode().splitlines()]

    def by_index(self):
        return {line["index"]: line for line in self.lines()}

    def summary(self, done, failed, more="", cost=r"[\d.]+"):
        self.assertRegex(self.err, SUMMARY % (done, failed, more, cost))

    def pipe(self, data, *arguments):
        with self.popen("generate", "--batch", "-", "-s", "64x64", *arguments, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(data, timeout=60)
        self.out, self.err = out, err.decode()
        return process.returncode


class Batch(BatchTest):
    """Lines in, lines out."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def test_fifty_lines(self):
        text = ["# a list", "", "  "] + ["hill number %d" % i for i in range(44)]
        text += ['{"prompt":"{x","n":2,"size":"32x16","seed":18446744073709551615,"o":"two.png","quality":null}',
                 '{"prompt":"x","steps":0}', '{"prompt":"x","colour":1}', '{bad', '{"n":1}',
                 '{"prompt":"y","o":"two.png"}', '{"prompt":"#z","extra":{"k":[1.50]}}']
        self.assertEqual(self.batch("\n".join(text)), 2)
        found = self.by_index()
        self.assertEqual(sorted(found), list(range(4, 55)))
        self.assertEqual([i for i in found if not found[i]["ok"]], [49, 50, 51, 52, 53])
        self.assertEqual(found[20]["prompt"], "hill number 16")
        self.assertEqual([image["path"] for image in found[48]["images"]], ["two.png", "two-2.png"])
        self.assertEqual(png_size(self.read("two.png")), (32, 16))
        for index, word in ((49, "steps takes"), (50, "colour: unknown"), (51, "JSON"), (52, "no prompt"),
                            (53, "line, number 48")):
            self.assertIn(word, found[index]["error"]["message"])
            self.assertEqual(found[index]["error"]["code"], "usage")
        self.assertEqual((found[51]["prompt"], found[53]["prompt"]), (None, "y"))
        self.summary(46, 5, cost=r"0\.188")
        for image in found[10]["images"]:
            self.assertEqual(png_size(self.read(image["path"])), (64, 64))

    def test_keys(self):
        self.assertEqual(self.batch('a\n{"prompt":"b","model":"nonsense"}', "--json"), 4)
        good, bad = self.by_index()[1], self.by_index()[2]
        self.assertEqual(list(good), GOOD_KEYS + ["index", "prompt"])
        self.assertEqual(list(bad), BAD_KEYS + ["index", "prompt"])

    def test_line_ends(self):
        self.assertEqual(self.batch(b"\xef\xbb\xbfone\r\ntwo\r\n\r\n#x\r\nthree"), 0, self.err)
        self.assertEqual([line["prompt"] for _, line in sorted(self.by_index().items())], ["one", "two", "three"])

    def test_bytes_that_are_no_text(self):
        self.assertEqual(self.batch(b"a\0b\ncaf\xe9\n{\"prompt\":\"caf\xe9\"}\ngood\n"), 2)
        found = self.by_index()
        self.assertEqual([found[i]["ok"] for i in (1, 2, 3, 4)], [False, False, False, True])

    def test_lines_that_are_too_long(self):
        long = b"x" * (3 << 20)
        self.assertEqual(self.batch(b"one\n" + long + b"\ntwo\n" + long), 2)
        found = self.by_index()
        self.assertEqual([found[i]["ok"] for i in (1, 2, 3, 4)], [True, False, True, False])
        self.assertIn("2 MiB", found[2]["error"]["message"])
        exact = b'{"prompt":"a"}'.ljust(2 << 20)
        self.assertEqual(self.batch(exact + b"\n" + exact + b" \n"), 2)
        self.assertEqual([self.by_index()[i]["ok"] for i in (1, 2)], [True, False])

    def test_no_lines(self):
        self.assertEqual(self.batch("# nothing\n\n"), 0)
        self.assertEqual(self.out, b"")
        self.summary(0, 0, cost="0")

    def test_folder_and_recipes(self):
        os.mkdir(os.path.join(self.folder, "out"))
        self.assertEqual(self.batch('a fox\n{"prompt":"b","o":"b.png"}', "-o", "out", "--recipe"), 0, self.err)
        self.assertEqual(sorted(os.listdir(os.path.join(self.folder, "out"))),
                         ["a-fox.png", "a-fox.png.json", "b.png", "b.png.json"])
        self.assertEqual(self.by_index()[1]["images"][0]["path"], "out/a-fox.png")

    def test_dev_null(self):
        self.assertEqual(self.batch("a\nb", "-o", "/dev/null"), 0, self.err)
        self.assertEqual(self.files(), ["list"])

    def test_first_failure_by_number(self):
        self.assertEqual(self.batch('a\n{"prompt":"b","model":"nonsense"}\n{"prompt":"c","n":0}'), 4)

    def test_from_a_pipe(self):
        self.assertEqual(self.pipe(b"a\nb\nc"), 0, self.err)
        self.assertEqual(len(self.lines()), 3)
        self.assertEqual(len(self.files()), 3)

    def test_each_line_as_it_comes(self):
        with self.popen("generate", "--batch", "-", "-s", "64x64", stdin=subprocess.PIPE) as process:
            for word in (b"one", b"two"):
                process.stdin.write(word + b"\n")
                process.stdin.flush()
                self.assertEqual(json.loads(process.stdout.readline())["prompt"], word.decode())
            process.stdin.close()
            self.assertEqual(process.wait(timeout=20), 0)

    def test_usage(self):
        self.write("list", b"a")
        self.write("file", b"a")
        for arguments in (["x", "--batch", "list"], ["--batch", ""], ["--batch", "list", "-o", "file"],
                          ["--batch", "list", "-o", "new"], ["--batch", "list", "-o", "-"]):
            self.assertEqual(self.run_cli("generate", *arguments), 2, arguments)
        for arguments in (["--batch", "none"], ["--batch", "."]):
            self.assertEqual(self.run_cli("generate", *arguments, "--json"), 9, arguments)
            self.assertEqual(self.error()["code"], "file")
        self.assertEqual(self.files(), ["file", "list"])

    def test_stdout_that_is_full(self):
        with open("/dev/full", "wb") as full:
            self.write("list", b"a\n" * 30)
            self.assertEqual(self.run_cli("generate", "--batch", "list", "-s", "64x64", stdout=full), 9)
        self.assertIn("stdout", self.err)
        self.assertLess(len(self.files()), 20)


class BatchFlow(BatchTest):
    """How many are out, and what stops them."""

    def test_jobs(self):
        lock, now, most = threading.Lock(), [0], [0]

        def reply(handler, body):
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.15)
            with lock:
                now[0] -= 1
            answer_picture(handler, body)
        for jobs in (1, 3, 14):
            most[0] = 0
            self.count(reply)
            self.assertEqual(self.batch("a\n" * 14, "--jobs", str(jobs)), 0, self.err)
            self.assertEqual(most[0], jobs)
            os.unlink(os.path.join(self.folder, "list.done"))

    def test_budget(self):
        self.use_sandbox()
        self.assertEqual(self.batch("\n".join("hill %d" % i for i in range(40)), "--jobs", "2", "--budget", "0.02",
                                    "--price", "0.004"), 5)
        lines = self.lines()
        good = [line for line in lines if line["ok"]]
        self.assertEqual(len(good), 5)
        self.assertEqual({line["error"]["code"] for line in lines if not line["ok"]}, {"budget"})
        self.assertLessEqual(len(lines), 7)
        self.summary(5, len(lines) - 5, r", %d not started \(the budget is reached\)" % (40 - len(lines)), r"0\.02")

    def test_more_budget_goes_on(self):
        self.use_sandbox()
        text = "\n".join("hill %d" % i for i in range(6))
        self.assertEqual(self.batch(text, "--jobs", "1", "--budget", "0.012", "--price", "0.004"), 5)
        self.assertEqual(self.batch(text, "--jobs", "1", "--budget", "0.012", "--price", "0.004"), 0, self.err)
        self.summary(3, 0, ", 3 skipped")

    def test_a_server_that_is_down_rests(self):
        counter = self.count(lambda handler, body: answer(handler, 500, {}))
        self.assertEqual(self.batch("a\n" * 9, "--jobs", "1", "--retries", "0"), 7)
        codes = [self.by_index()[i]["error"]["code"] for i in range(1, 10)]
        self.assertEqual((codes, len(counter.posts)), (["server"] * 5 + ["unavailable"] * 4, 5))
        self.assertIn("--route", self.by_index()[9]["error"]["hint"])
        self.assertIn("5 may have been billed", self.err)

    def test_interrupt(self):
        counter = self.count(lambda handler, body: time.sleep(8))
        self.write("list", b"a\n" * 20)
        with self.popen("generate", "--batch", "list", "--jobs", "3") as process:
            while len(counter.posts) < 3:
                time.sleep(0.01)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            self.out, err = process.communicate(timeout=20)
        self.err = err.decode()
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual((process.returncode, len(counter.posts)), (130, 3))
        self.assertEqual([line["error"]["code"] for line in self.lines()], ["cancelled"] * 3)
        self.assertIn("17 not started (interrupted)", self.err)

    def test_interrupt_of_one_that_waits_for_input(self):
        self.count(answer_picture)
        with self.popen("generate", "--batch", "-", stdin=subprocess.PIPE) as process:
            process.stdin.write(b"a\n")
            process.stdin.flush()
            self.assertTrue(json.loads(process.stdout.readline())["ok"])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=10), 130)

    def test_terminal(self):
        self.use_sandbox()
        self.write("list", b"a\nb\nc\n")
        try:
            main, other = pty.openpty()
        except OSError as problem:
            self.skipTest(f"no pseudo-terminal: {problem}")
        with self.popen("generate", "--batch", "list", "-s", "512x512", "--jobs", "1", stderr=other) as process:
            os.close(other)
            said = b""
            while True:
                try:
                    part = os.read(main, 4096)
                except OSError:
                    break
                if not part:
                    break
                said += part
            process.communicate(timeout=20)
        os.close(main)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(said.decode(), r"\r2 done, 0 failed, \$0\.008, 0:\d\d left")
        last = said.decode().replace("\r\n", "\n").rstrip("\n").split("\r")[-1]
        self.assertRegex(last, r"\A3 done, 0 failed · \$0\.012")


class BatchResume(BatchTest):
    """FILE.done: what is drawn is not drawn again."""

    def setUp(self):
        super().setUp()
        self.counter = self.count(answer_picture)

    def drawn(self, text, *arguments, code=0):
        before = len(self.counter.posts)
        self.assertEqual(self.batch(text, *arguments), code, self.err)
        return len(self.counter.posts) - before

    def test_skips(self):
        self.assertEqual(self.drawn("a\nb\nc\n"), 3)
        self.assertEqual(self.drawn("a\nb\nc\n"), 0)
        self.assertEqual([(line["ok"], line["skipped"], line["index"], line["prompt"]) for line in self.lines()],
                         [(True, True, 1, "a"), (True, True, 2, "b"), (True, True, 3, "c")])
        self.assertEqual(set(self.lines()[0]["images"][0]), {"path", "bytes"})
        self.summary(0, 0, ", 3 skipped", "0")

    def test_lines_that_move(self):
        self.assertEqual(self.drawn("a\nb\n"), 2)
        self.assertEqual(self.drawn("# new\nz\nb\na\n"), 1)

    def test_equal_lines(self):
        self.assertEqual(self.drawn("a\na\n"), 2)
        self.assertEqual(self.drawn("a\na\na\n"), 1)
        self.assertEqual(self.drawn("a\na\na\n"), 0)

    def test_what_makes_another_picture(self):
        self.assertEqual(self.drawn("a"), 1)
        for arguments in (["--seed", "1"], ["--route", "/p/m"], ["-o", "."], ["--extra", "k=1"]):
            self.assertEqual(self.drawn("a", *arguments), 1, arguments)
            self.assertEqual(self.drawn("a", *arguments), 0, arguments)
        for arguments in (["--retries", "0"], ["--jobs", "1"], ["--timeout", "60"]):
            self.assertEqual(self.drawn("a", *arguments), 0, arguments)
        self.assertEqual(self.batch("a", "--sandbox"), 0)
        self.summary(1, 0)

    def test_what_goes_with_it_counts(self):
        line = '{"prompt":"a","image":"in.png","mask":"mask.png","strength":0.5}'
        self.write("in.png", png(7, 5))
        self.write("mask.png", png(7, 5))
        self.assertEqual(self.drawn(line), 1)
        sent = json.loads(self.counter.posts[-1])
        self.assertEqual((sent["strength"], sent["mask"]), (0.5, sent["image"]))
        self.assertEqual(self.drawn(line), 0)
        self.write("mask.png", png(7, 6))
        self.assertEqual(self.drawn(line), 1)
        self.write("in.png", png(7, 6))
        self.assertEqual(self.drawn(line), 1)
        self.assertEqual(self.drawn(line), 0)

    def test_pictures_that_are_gone_or_changed(self):
        self.assertEqual(self.drawn("a\nb\n"), 2)
        os.unlink(os.path.join(self.folder, "a.png"))
        self.assertEqual(self.drawn("a\nb\n"), 1)
        self.write("b.png", b"short")
        self.assertEqual(self.drawn("a\nb\n"), 1)
        self.assertEqual(self.drawn("a\nb\n"), 0)

    def test_failures_are_tried_again(self):
        answers = [400]

        def reply(handler, body):
            if answers:
                answer(handler, answers.pop(), {"error": {"message": "no"}})
            else:
                answer_picture(handler, body)
        self.counter = self.count(reply)
        self.assertEqual(self.drawn("a\nb\n", "--jobs", "1", code=4), 2)
        self.assertEqual(self.drawn("a\nb\n"), 1)

    def test_journal_that_was_cut(self):
        self.assertEqual(self.drawn("a\nb\nc\n", "--jobs", "1"), 3)
        journal = self.read("list.done")
        self.write("list.done", journal[:-30])
        self.assertEqual(self.drawn("a\nb\nc\n"), 1)
        self.assertEqual(self.read("list.done").count(b"\n"), 3)
        self.write("list.done", journal[:-1])
        self.assertEqual(self.drawn("a\nb\nc\n"), 0)
        self.assertEqual(self.drawn("a\nb\nc\nd\n"), 1)
        self.assertEqual(self.drawn("a\nb\nc\nd\n"), 0)
        for n in range(1, 19):
            self.write("list.done", journal[:n])
            self.assertEqual(self.batch("# nothing"), 0)
            self.assertEqual(self.read("list.done"), b"")

    def test_a_file_that_is_no_journal(self):
        for text in (b"my notes\n", b"my notes", b'{"apipie_batch":1,"x":2}\n', b"x" * (3 << 20)):
            self.write("list.done", text)
            self.assertEqual(self.drawn("a\n", code=9), 0)
            self.assertIn("no journal", self.err)
            self.assertEqual(self.read("list.done"), text)

    def test_journal_that_cannot_be_written(self):
        os.mkdir(os.path.join(self.folder, "list.done"))
        self.assertEqual(self.drawn("a\n", code=9), 0)
        self.assertIn("--batch -", self.err)

    def test_two_runs_at_once(self):
        self.counter = self.count(lambda handler, body: time.sleep(5))
        self.write("list", b"a\n")
        with self.popen("generate", "--batch", "list") as process:
            self.assertTrue(self.counter.arrived.wait(20))
            self.assertEqual(self.batch("a\n"), 9)
            self.assertIn("another run", self.err)
            process.kill()
        self.assertEqual(len(self.counter.posts), 1)

    def test_a_pipe_has_none(self):
        self.assertEqual(self.pipe(b"a\n"), 0, self.err)
        self.assertEqual(self.files(), ["a.png"])

    def test_kill(self):
        """Killed in the middle, ten times over: only what was out may be drawn twice."""
        jobs, total = 4, 200
        # Without urls: a sandbox keeps a few pictures only, for clients that fetch them soon.
        how = ("--jobs", str(jobs), "--format", "b64_json")
        sandbox = Sandbox(CliTest.apipie)
        self.env.update(sandbox.env)
        text = "\n".join("hill number %d" % i for i in range(total))
        self.write("list", text.encode())
        kills = 0
        try:
            for _ in range(10):
                with self.popen("generate", "--batch", "list", "-s", "64x64", *how) as process:
                    for _ in range(12):
                        if not process.stdout.readline():
                            break
                    process.kill()
                    kills += process.wait() == -signal.SIGKILL
            self.assertEqual(self.batch(text, *how), 0, self.err)
        finally:
            _, errors = sandbox.stop()
        self.assertGreaterEqual(kills, 3)
        calls = int(errors.split()[0])
        self.assertGreaterEqual(calls, total)
        self.assertLessEqual(calls, total + kills * jobs)
        done = [json.loads(line) for line in self.read("list.done").splitlines()]
        self.assertEqual((len(done), len({line["key"] for line in done})), (total, total))
        self.assertEqual(sorted({line["index"] for line in done}), list(range(1, total + 1)))
