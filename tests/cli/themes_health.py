# SPDX-License-Identifier: MIT
"""--health FILE and `apipie health`: how providers and models do, from run to run, with what the gateway lists."""
import os
import stat

from cli_support import CliTest, answer, answer_picture

ROW_KEYS = ["scope", "backend", "provider", "model", "state", "reason", "warning", "listed", "since_ms", "calls", "failed",
            "success_per_mille", "p50_ms", "baseline_ms", "uptime_hour_per_mille", "uptime_day_per_mille",
            "uptime_week_per_mille"]


def fail(handler, body):
    answer(handler, 500, {"error": {"message": "it broke"}})


def model(provider, name, available):
    return {"provider": provider, "model": name, "type": "image", "enabled": 1, "available": available}


class Health(CliTest):

    def draw(self, *arguments, code=0):
        self.assertEqual(self.generate("--health", "health", "--retry", "never", "-o", "x.png", *arguments), code, self.err)

    def show(self, *arguments, code=0):
        self.assertEqual(self.run_cli("health", *arguments), code, self.err)
        return self.out.decode()

    def rows(self, *arguments):
        self.show("--file", "health", "--json", *arguments)
        rows = self.json()["routes"]
        for row in rows:
            self.assertEqual(list(row), ROW_KEYS)
        return {(r["scope"], r["provider"], r["model"]): r for r in rows}

    def serve(self, reply=answer_picture):
        """A gateway whose list of models is self.models."""
        counter = self.count(reply)

        def do_GET(handler):
            answer(handler, 200, {"data": self.models})

        counter.server.RequestHandlerClass.do_GET = do_GET
        return counter

    def test_it_grows_from_run_to_run(self):
        self.use_sandbox()
        for n in range(1, 23):
            self.draw("-s", "64x64")
            if n in (1, 2, 22):
                rows = self.rows()
                route = rows["route", "prodia", "sd_xl_base_1.0"]
                self.assertEqual((route["calls"], route["failed"]), (min(n, 20), 0))
        self.assertEqual(sorted(rows), [("group", "", "SDXL"), ("provider", "prodia", ""),
                                        ("route", "prodia", "sd_xl_base_1.0")])
        self.assertEqual({row["state"] for row in rows.values()}, {"healthy"})
        self.assertIsNotNone(route["baseline_ms"])
        self.assertEqual(route["uptime_week_per_mille"], 1000)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, "health")).st_mode), 0o600)
        self.assertEqual(self.files(), ["health", "x.png"])

    def test_down_and_checked(self):
        self.count(fail)
        for _ in range(3):
            self.draw("-p", "p", "-m", "m", code=7)
        route = self.rows()["route", "p", "m"]
        self.assertEqual((route["state"], route["reason"], route["failed"]), ("down", "the last 3 failed", 3))
        self.show("--file", "health", code=0)  # the table is no probe
        self.assertEqual(self.show("--file", "health", "--check", "p/m", code=7), "")
        self.assertIn("p/m is down: the last 3 failed", self.err)
        self.show("--file", "health", "--check", "p", code=7)
        self.show("--file", "health", "--check", "p", "--json", code=7)
        self.assertEqual(self.error()["code"], "unavailable")
        self.assertEqual(self.show("--file", "health", "--check", "p/other"), "p/other is unknown: nothing is known of it\n")
        self.count(answer_picture)
        for _ in range(3):
            self.draw("-p", "p", "-m", "m")
        self.assertEqual(self.show("--file", "health", "--check", "p/m"), "p/m is degraded: 3 of the last 6 failed\n")
        self.show("--file", "health", "--check", "p/m", "--json")
        self.assertEqual(self.json(), {"ok": True, "check": "p/m", "state": "degraded", "reason": "3 of the last 6 failed"})

    def test_the_list(self):
        self.models = [model("p", "a", 0), model("p", "b", 1), model("t", "c", 0)]
        self.serve()
        self.draw("-p", "p", "-m", "b")
        self.assertEqual(sorted(self.rows()), [("provider", "p", ""), ("route", "p", "b")])
        rows = self.rows("--list")
        self.assertEqual((rows["route", "p", "a"]["state"], rows["route", "p", "a"]["reason"], rows["route", "p", "a"]["listed"]),
                         ("down", "the gateway lists it as not available", False))
        self.assertEqual((rows["route", "p", "b"]["state"], rows["route", "p", "b"]["listed"]), ("healthy", True))
        self.assertEqual((rows["provider", "p", ""]["state"], rows["provider", "t", ""]["state"]), ("healthy", "down"))
        # It is in the file now, until a call or another list knows better.
        self.assertEqual(self.rows()["route", "p", "a"]["state"], "down")
        self.draw("-p", "p", "-m", "a")
        self.assertEqual(self.rows()["route", "p", "a"]["state"], "healthy")
        self.models = [model("t", "c", 1)]
        self.show("--file", "health", "--check", "t", code=7)
        self.assertIn("t is unknown: no call yet; the gateway lists it as available", self.show("--file", "health", "--list", "--check", "t"))

    def test_the_list_alone(self):
        self.models = [model("p", "a", 0), model("p", "b", 1)]
        self.serve()
        del self.env["APIPIE_API_KEY"]
        lines = self.show("--list").splitlines()
        self.assertEqual([line.split()[0] for line in lines if line[1] != " "], ["provider", "p", "route", "p/a"])
        self.show("--list", "--check", "p/a", code=7)
        self.assertEqual(self.files(), [])
        self.show("--list", "--file", "new")
        self.assertEqual(self.files(), ["new"])
        self.show("--base-url", "http://127.0.0.1:1/v1", "--retries", "0", "--json", code=6)
        self.assertEqual(self.error()["code"], "connect")
        self.assertEqual(self.show("--sandbox"), "")  # all that it lists is available

    def test_the_table(self):
        self.models = [model("p" * 60, "m" * 60, 0), model("\u001b[2J", "\u202e", 0)]
        self.serve()
        self.draw("-p", "p", "-m", "m")
        text = self.show("--file", "health", "--list")
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())
        self.assertNotIn("\x1b", text)
        self.assertNotIn("\u202e", text)
        self.assertIn("route state since ok p50 s usual hour day week", " ".join(text.split()))
        self.assertRegex(text, r"(?m)^ p/m +healthy +\d+s +1/1 +\d+\.\d\d +- +100 +100 +100$")
        self.assertIn("the gateway lists it as not available", text)

    def test_filters(self):
        self.count(answer_picture)
        for provider, name in (("p", "m"), ("q", "m"), ("p", "n")):
            self.draw("-p", provider, "-m", name)
        self.assertEqual(sorted(self.rows("-p", "p")), [("provider", "p", ""), ("route", "p", "m"), ("route", "p", "n")])
        self.assertEqual(sorted(self.rows("--model", "m")), [("route", "p", "m"), ("route", "q", "m")])
        self.assertEqual(self.rows("-p", "q", "-m", "n"), {})
        self.assertEqual(self.show("--file", "health", "-p", "nobody"), "")

    def test_batch(self):
        self.count(answer_picture)
        self.write("lines", b"one\ntwo\nthree\n")
        self.assertEqual(self.run_cli("generate", "--batch", "lines", "--health", "health"), 0, self.err)
        self.assertEqual(self.rows()["provider", "", ""]["calls"] if ("provider", "", "") in self.rows()
                         else self.rows()["provider", "prodia", ""]["calls"], 3)

    def test_a_file_that_cannot_be(self):
        counter = self.count(answer_picture)
        self.write("health", b"something else\n")
        self.draw(code=9)
        self.assertIn("--health", self.err)
        self.assertEqual(self.generate("--health", "none/health"), 9)
        self.assertEqual(counter.posts, [])
        self.assertEqual(self.read("health"), b"something else\n")
        self.show("--file", "health", code=9)
        self.show("--file", "none", "--json", code=9)
        self.assertEqual(self.error()["code"], "file")
        self.models = []
        self.serve()
        self.show("--file", "health", "--list", code=9)
        self.assertEqual(self.read("health"), b"something else\n")
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.run_cli("health", "--list", "--json", stdout=full), 9)

    def test_a_file_that_was_cut(self):
        self.count(answer_picture)
        self.draw("-p", "p", "-m", "a")
        self.draw("-p", "p", "-m", "b")
        self.write("health", self.read("health")[:-10])
        self.assertEqual(sorted(self.rows()), [("provider", "p", ""), ("route", "p", "a")])
        self.draw("-p", "p", "-m", "b")
        self.assertEqual(self.rows()["provider", "p", ""]["calls"], 3)

    def test_usage(self):
        for arguments in ((), ("--file", ""), ("--file", "x", "y"), ("--file", "x", "--check", ""), ("--file", "x", "--check", "/m"),
                          ("--file", "x", "--check", "p", "-m", "m"), ("--list", "--sandbox", "--base-url", "http://127.0.0.1/v1")):
            self.show(*arguments, code=2)
        self.assertIn("--check", self.show("--help"))
