# SPDX-License-Identifier: MIT
"""What goes wrong, and who watches: failures, retries, Ctrl-C, secrets, terminals, `apipie sandbox`."""
import base64
import os
import pty
import socket
import subprocess
import time

from cli_support import KEY, CliTest, Sandbox, answer, answer_picture, clean_environment, png

PAID = "You may have paid. Not sent again."


class Failures(CliTest):
    """Each failure has its exit code, its word and its verdict on money, and leaves no file."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def fails(self, word, code, name, billed, *arguments):
        self.assertEqual(self.fault(word, "--json", *arguments), code, self.out)
        error = self.error()
        self.assertEqual((error["code"], error["billed"]), (name, billed), error)
        self.assertTrue(error["message"])
        self.assertEqual(self.files(), [])
        return error

    def test_refusals(self):
        self.fails("status:401", 3, "auth", "no")
        self.fails("status:403", 3, "auth", "no")
        self.fails("status:400", 4, "parameter", "no")
        self.fails("status:404", 4, "not_found", "no")
        self.fails("content", 4, "content_policy", "no")
        self.fails("quota", 5, "quota", "no")
        self.fails("status:402", 5, "quota", "no")

    def test_rate_limit(self):
        error = self.fails("status:429", 5, "rate_limited", "no", "--retries", "0")
        self.assertEqual((error["fault"], error["retryable"]), ("account", True))

    def test_server(self):
        for word in ("status:500", "status:502", "html"):
            self.fails(word, 7, "server", "unknown")

    def test_bad_replies(self):
        self.fails("html200", 8, "response_malformed", "unknown")
        self.fails("badjson", 8, "response_malformed", "unknown")
        self.fails("truncate", 6, "network", "unknown", "--format", "b64_json")
        self.fails("noimage", 8, "no_image", "yes")
        self.fails("nousage", 8, "response_too_large", "yes", "--max-image-bytes", "100")

    def test_cut(self):
        error = self.fails("cut", 6, "network", "unknown")
        self.assertEqual(error["attempts"], 1)
        self.assertEqual(self.fault("cut"), 6)
        self.assertEqual(self.out, b"")
        self.assertRegex(self.err, r"\Aapipie: .+\n")
        self.assertIn(PAID + "\n", self.err)

    def test_timeout(self):
        self.fails("stall:5000", 6, "timeout", "unknown", "--timeout", "0.3")
        self.assertEqual(self.fault("stall:5000", "--timeout", "0.3"), 6)
        self.assertIn(PAID, self.err)

    def test_connect(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        url = "http://127.0.0.1:%d/v1" % port
        self.assertEqual(self.generate("--base-url", url, "--retries", "0"), 6)
        self.assertIn("Nothing was billed.", self.err)
        self.assertEqual(self.generate("--base-url", url, "--retries", "0", "--json"), 6)
        self.assertEqual((self.error()["code"], self.error()["billed"]), ("connect", "no"))
        self.assertEqual(self.files(), [])

    def test_tls(self):
        url = self.env["APIPIE_BASE_URL"].replace("http:", "https:")
        self.assertEqual(self.generate("--base-url", url, "--retries", "0", "--json"), 6)
        self.assertEqual((self.error()["code"], self.error()["billed"]), ("tls", "no"))

    def test_wrong_key(self):
        self.env["APIPIE_API_KEY"] = "sk-pie-wrong"
        self.assertEqual(self.generate(), 3)
        self.assertIn("hint: ", self.err)
        self.assertNotIn("sk-pie-wrong", self.err)


class Retries(CliTest):
    """How often the paid call goes out."""

    def calls(self, statuses, *arguments, code):
        left = list(statuses)

        def reply(handler, body):
            status = left.pop(0) if left else 200
            if status == 200:
                answer_picture(handler, body)
            else:
                answer(handler, status, {"error": {"message": "no"}}, Retry_After="0.01")
        counter = self.count(reply)
        self.assertEqual(self.generate("--json", *arguments), code, self.out)
        return len(counter.posts)

    def test_safe(self):
        self.assertEqual(self.calls([503, 429], code=0), 3)
        self.assertEqual(self.json()["attempts"], 3)
        self.assertEqual(self.calls([503] * 9, code=7), 3)
        self.assertEqual(self.calls([503] * 9, "--retries", "1", code=7), 2)
        self.assertEqual(self.calls([500], code=7), 1)

    def test_never(self):
        self.assertEqual(self.calls([503], "--retry", "never", code=7), 1)

    def test_always(self):
        self.assertEqual(self.calls([500], "--retry", "always", code=0), 2)

    def test_always_says_how_often_it_may_have_been_paid(self):
        self.count(lambda handler, body: answer(handler, 500, {}, Retry_After="0.01"))
        self.assertEqual(self.generate("--retry", "always", "--retries", "1"), 7)
        self.assertIn("You may have paid up to 2 times.", self.err)


class Interrupt(CliTest):
    """Ctrl-C ends the call at once and leaves nothing."""

    def interrupted(self, number, *arguments):
        counter = self.count(lambda handler, body: time.sleep(8))
        with self.popen("generate", "x", "-o", "x.png", *arguments) as process:
            self.assertTrue(counter.arrived.wait(20))
            begun = time.monotonic()
            process.send_signal(number)
            self.out, err = process.communicate(timeout=20)
            self.err = err.decode()
        self.assertLess(time.monotonic() - begun, 4)
        self.assertEqual((process.returncode, self.files(), len(counter.posts)), (130, [], 1), self.err)

    def test_ctrl_c(self):
        self.interrupted(2)
        self.assertEqual(self.out, b"")
        self.assertIn(PAID, self.err)

    def test_term(self):
        self.interrupted(15)

    def test_json(self):
        self.interrupted(2, "--json")
        error = self.error()
        self.assertEqual((error["code"], error["billed"]), ("cancelled", "unknown"))

    def test_in_a_backoff(self):
        counter = self.count(lambda handler, body: answer(handler, 503, {}, Retry_After="30"))
        with self.popen("generate", "x", "-o", "x.png") as process:
            self.assertTrue(counter.arrived.wait(20))
            time.sleep(0.3)
            process.send_signal(2)
            process.communicate(timeout=10)
        self.assertEqual((process.returncode, self.files()), (130, []))


class Secrets(CliTest):
    """The key never shows; what a server says never steers the terminal."""

    def test_a_server_that_echoes(self):
        def reply(handler, body):
            answer(handler, 400, {"error": {"message": "bad header \x1b]0;x\x07 %s %s \x9b1m" % (
                handler.headers["Authorization"], "\u202e"), "code": KEY}})
        self.count(reply)
        for arguments in ([], ["--json"]):
            self.assertEqual(self.generate(*arguments), 4)
            said = self.out.decode() + self.err
            self.assertNotIn(KEY, said)
            self.assertNotRegex(said.replace("\n", ""), "[\x00-\x1f\x7f-\x9f\u202e]")
            self.assertIn("bad header", said)

    def test_a_reply_that_steers(self):
        self.count(lambda handler, body: answer(handler, 200, {
            "model": "\x1b[2Jevil", "provider": "p\r\n", "data": [{
                "b64_json": base64.b64encode(png()).decode()}]}))
        self.assertEqual(self.generate(), 0, self.err)
        self.assertNotRegex((self.out.decode() + self.err).replace("\n", ""), "[\x00-\x1f\x7f-\x9f]")


class Terminal(CliTest):
    """A person at a terminal sees the seconds go by; nobody else does."""

    def on_terminal(self, *arguments, stdout=subprocess.PIPE):
        try:
            main, other = pty.openpty()
        except OSError as problem:  # a container may have none
            self.skipTest(f"no pseudo-terminal: {problem}")
        process = subprocess.Popen([CliTest.apipie, "generate", "x", *arguments], cwd=self.folder,
                                   env=self.env, stdin=subprocess.DEVNULL, stderr=other,
                                   stdout=other if stdout is None else stdout)
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
        return process.returncode, said.decode()

    def slow(self, handler, body):
        time.sleep(0.5)
        answer_picture(handler, body)

    def test_progress(self):
        self.count(self.slow)
        code, said = self.on_terminal()
        self.assertEqual(code, 0)
        self.assertRegex(said, r"\rdrawing 0\.[1-9] s")
        self.assertRegex(said.replace("\r\n", "\n").rstrip("\n").split("\r")[-1], r"\A.+ · 1 attempt")
        self.count(self.slow)
        self.run_cli("generate", "x")
        self.assertNotIn("drawing", self.err)

    def test_no_picture_on_a_terminal(self):
        counter = self.count(answer_picture)
        code, said = self.on_terminal("-o", "-", stdout=None)
        self.assertEqual((code, counter.posts), (2, []))
        self.assertIn("terminal", said)


class SandboxCommand(CliTest):
    """`apipie sandbox` for other programs."""

    def test_lines(self):
        sandbox = Sandbox(CliTest.apipie)
        try:
            url, key = sandbox.env["APIPIE_BASE_URL"], sandbox.env["APIPIE_API_KEY"]
            self.assertRegex(url, r"\Ahttp://127\.0\.0\.1:\d+/v1\Z")
            self.assertEqual((sandbox.env["OPENAI_BASE_URL"], sandbox.env["OPENAI_API_KEY"]), (url, key))
            self.assertIn("curl " + url + "/images/generations", sandbox.lines[2])
            self.assertIn(key, sandbox.lines[2])
            root = url[:-len("/v1")]
            wires = (("openai", "/openai/v1"), ("a1111", "/a1111"), ("sdcpp", "/sdcpp"), ("together", "/together/v1"),
                     ("deepinfra", "/deepinfra"), ("bedrock", "/bedrock"))
            more = [sandbox.process.stdout.readline() for _ in wires]
            self.assertEqual(more, ["# %s: %s%s\n" % (name, root, path) for name, path in wires])
            self.env.update(sandbox.env)
            self.assertEqual(self.generate("-s", "64x64"), 0, self.err)
            self.assertEqual(self.fault("cut", "-s", "64x64"), 6)
        finally:
            code, errors = sandbox.stop()
        self.assertEqual(code, 0)
        self.assertIn("2 calls, 2 would have been billed: $0.008", errors)

    def test_fault_and_port(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = str(listener.getsockname()[1])
        sandbox = Sandbox(CliTest.apipie, "--port", port, "--fault", "content")
        try:
            self.assertEqual(sandbox.env["APIPIE_BASE_URL"], "http://127.0.0.1:%s/v1" % port)
            self.env.update(sandbox.env)
            self.assertEqual(self.generate(), 4)
            self.assertEqual(self.run_cli("sandbox", "--port", port), 2)
            self.assertIn("port", self.err)
        finally:
            sandbox.stop()

    def test_bad_options(self):
        for arguments in (["--fault", "thunder"], ["--port", "65536"], ["a cat"], ["--json"]):
            self.assertEqual(self.run_cli("sandbox", *arguments), 2, self.err)
            self.assertEqual(self.out, b"" if arguments != ["--json"] else self.out)

    def test_environment_is_not_needed(self):
        self.env = clean_environment()
        process = self.popen("sandbox")
        self.assertTrue(process.stdout.readline().startswith(b"export APIPIE_BASE_URL="))
        process.send_signal(2)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0)
