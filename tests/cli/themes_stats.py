# SPDX-License-Identifier: MIT
"""--stats FILE and `apipie stats`: figures that outlive a run."""
import base64
import os
import stat

from cli_support import CliTest, answer, answer_picture, png


class Stats(CliTest):
    """A file of figures grows, is shown, and is never lost to a failure."""

    def draw(self, *arguments, code=0):
        self.assertEqual(self.generate("--stats", "figures", *arguments), code, self.err)

    def show(self, *arguments, code=0):
        self.assertEqual(self.run_cli("stats", "--file", "figures", *arguments), code, self.err)
        return self.out.decode()

    def row(self, *arguments):
        self.show("--json", *arguments)
        rows = self.json()["routes"]
        self.assertEqual(len(rows), 1)
        return rows[0]

    def test_it_grows(self):
        self.use_sandbox()
        for n in (1, 2, 3):
            self.draw("-s", "64x64", "-o", "x.png")
            row = self.row()
            self.assertEqual((row["requests"], row["requests_ok"], row["images"], row["attempts"]), (n, n, n, n))
        self.assertEqual((row["provider"], row["model"]), ("prodia", "sd_xl_base_1.0"))
        self.assertEqual((row["cost_usd"], row["total"]["count"], row["server"]["count"]), ("0.012", 3, 3))
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, "figures")).st_mode), 0o600)
        self.assertEqual(self.files(), ["figures", "x.png"])

    def test_the_table(self):
        self.count(lambda handler, body: answer(handler, 200, {
            "data": [{"b64_json": base64.b64encode(png()).decode()}], "usage": {"cost": "0.00405"}}))
        for model in ("m" * 100, "\u00e9\u202e"):
            self.draw("-o", "x.png", "-m", model)
        lines = self.show().splitlines()
        self.assertEqual(lines[0].split(), "route requests failed images p50 s p95 s USD".split())
        self.assertEqual([line for line in lines if len(line) > 80], [])
        self.assertEqual(lines[1][:32], "any/" + "m" * 27 + "+")
        self.assertEqual(lines[1][-7:], " 0.0041")
        self.assertEqual(lines[2][:8], "any/\u00e9?  ")
        self.assertEqual(lines[3].split(), ["all", "2", "0", "2", "0.0081"])
        self.assertEqual(len(lines), 4)

    def test_a_failure_counts(self):
        self.count(lambda handler, body: answer(handler, 404, {"error": {"message": "m", "code": "model_not_found"}}))
        self.draw(code=4)
        self.assertEqual(self.row()["ended"], [{"status": -303, "name": "not_found", "count": 1}])
        self.assertIn("not_found", self.show().splitlines()[-1])

    def test_for_prometheus(self):
        self.count(answer_picture)
        self.draw("-m", 'a"b')
        self.assertIn('apipie_requests_total{backend="apipie",provider="",model="a\\"b",status="ok"} 1\n',
                      self.show("--prometheus"))
        self.assertTrue(self.show("--openmetrics").endswith("\n# EOF\n"))

    def test_a_file_that_cannot_be(self):
        counter = self.count(answer_picture)
        self.write("figures", b"something else\n")
        self.draw(code=9)
        self.assertIn("--stats", self.err)
        self.assertEqual(self.generate("--stats", "none/figures"), 9)
        self.assertEqual(counter.posts, [])
        self.assertEqual(self.read("figures"), b"something else\n")
        self.show(code=9)
        self.assertEqual(self.run_cli("stats", "--file", "none", "--json"), 9)
        self.assertEqual(self.error()["code"], "file")

    def test_a_file_that_was_cut(self):
        self.count(answer_picture)
        self.draw("-m", "a")
        self.draw("-m", "b")
        self.write("figures", self.read("figures")[:-10])
        self.assertEqual(self.row()["model"], "a")
        self.draw("-m", "a")
        self.assertEqual(self.row()["requests"], 2)

    def test_usage(self):
        for arguments in ((), ("--file", ""), ("--file", "x", "--json", "--prometheus"), ("--fil", "x"), ("--file", "x", "y")):
            self.assertEqual(self.run_cli("stats", *arguments), 2, arguments)
        self.assertEqual(self.run_cli("stats", "--help"), 0)
        self.assertIn(b"--openmetrics", self.out)

    def test_batch(self):
        self.count(answer_picture)
        self.write("lines", b"one\ntwo\nthree\n")
        self.assertEqual(self.run_cli("generate", "--batch", "lines", "--stats", "figures"), 0, self.err)
        self.assertEqual(self.row()["images"], 3)
