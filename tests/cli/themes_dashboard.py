# SPDX-License-Identifier: MIT
"""apipie dashboard: one page, whole or not at all; the browser's part is in tests/dashboard."""
import html
import json
import os
import re
import shutil
import stat
import time

from cli_support import CliTest

HERE = os.path.dirname(os.path.abspath(__file__))
SECTIONS = ["summary", "recommendations", "availability", "health", "times", "prices", "prices_over_time", "costs"]


class Dashboard(CliTest):

    def setUp(self):
        super().setUp()
        del self.env["APIPIE_API_KEY"]
        for name in ("choose.stats", "choose.models.json"):
            shutil.copy(os.path.join(HERE, name), self.folder)
        self.given = self.files()

    def page(self, *arguments):
        self.assertEqual(self.run_cli("dashboard", "-o", "x.html", *arguments), 0, self.err)
        return self.read_text("x.html")

    def read_text(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def value(self, *arguments):
        self.assertEqual(self.run_cli("dashboard", "-o", "x.html", "--json", *arguments), 0, self.err)
        return self.json()

    def says(self, text, pattern):
        self.assertIsNotNone(re.search(pattern, text), pattern)

    def made(self):
        return sorted(set(self.files()) - set(self.given))

    def plain(self, page):
        return html.unescape(re.sub("<[^>]*>", " ", page[page.index("<body>"):].replace("<wbr>", "")))

    def test_usage(self):
        for arguments in ((), ("-o", ""), ("-o", "-", "--json", "--builtin"), ("-o", "x.html", "y"), ("-o", "x.html", "--x"),
                          ("-o", "x.html", "--sandbox", "--base-url", "http://127.0.0.1:9"), ("-o", "x.html", "--models",
                          "choose.models.json", "--builtin"), ("-o", "x.html", "--ledger", "x", "--history"), ("-o", ".", "--builtin")):
            self.assertEqual(self.run_cli("dashboard", *arguments), 2, arguments)
            self.assertEqual(self.out if "--json" not in arguments else b"", b"")
        self.assertEqual(self.made(), [])
        self.assertEqual(self.run_cli("dashboard", "--help"), 0)
        for option in (b"--health", b"--history", b"--ledger", b"--prices", b"--stats"):
            self.assertIn(option, self.out)

    def test_it_says_what_it_has(self):
        value = self.value("--models", "choose.models.json", "--stats", "choose.stats")
        self.assertEqual(list(value), ["ok", "path", "bytes", "charts", "models_from", "trouble", "sections"])
        self.assertEqual(value["bytes"], os.path.getsize(os.path.join(self.folder, "x.html")))
        self.assertEqual(value["path"], "x.html")
        self.assertEqual(value["charts"], self.read_text("x.html").count('role="img"'))
        without = {"health", "prices_over_time"}
        self.assertEqual(value["sections"], {name: name not in without for name in SECTIONS})

    def test_figures_of_the_files(self):
        text = self.plain(self.page("--models", "choose.models.json", "--stats", "choose.stats"))
        self.says(text, r"Requests\s+36\s")
        self.says(text, r"prodia/dreamshaper_8\s+30 of 32\s")
        self.says(text, r"prodia/dreamshaper_7\s+4 of 4\s")
        self.says(text, r"prodia/dreamshaper_8\s+\$0.72\s")
        self.says(text, r"bedrock\s+\$0.04\s")

    def test_without_data_every_section_names_its_option(self):
        value = self.value("--builtin")
        self.assertEqual(value["sections"], {name: False for name in SECTIONS})
        self.assertEqual(value["charts"], 0)
        text = self.plain(self.read_text("x.html"))
        for option in ("--stats FILE", "--health FILE", "--models FILE", "--prices FILE", "--ledger FILE", "--history"):
            self.assertIn(option, text)

    def test_nothing_is_fetched_and_nothing_runs(self):
        page = self.page("--models", "choose.models.json", "--stats", "choose.stats")
        self.assertIn("content=\"default-src 'none'; style-src 'unsafe-inline'; ", page)
        markup = re.sub(">[^<]*<", "><", page)
        self.assertEqual(re.findall(r"<script|https?:|src=|url\(|@import|<link|\son\w+=", markup), [])

    def test_names_of_others_stay_text(self):
        name = "<script>alert(1)</script>\"'&\u202e\x07"
        with open(os.path.join(self.folder, "bad.json"), "w", encoding="utf-8") as file:
            json.dump({"data": [{"provider": "<b>p</b>", "model": name, "type": "image", "price_type": "image",
                                 "img_price": "0.02", "latency": "3000", "available": 0, "enabled": 1}]}, file)
        page = self.page("--models", "bad.json")
        self.assertEqual(re.findall("<script|<b>p|\u202e|\x07", page), [])
        self.assertTrue("<script>alert(1)</script>\"'&\ufffd\ufffd" in self.plain(page))
        self.assertEqual(self.run_cli("dashboard", "--models", "bad.json", "-o", "<x>.html"), 0, self.err)

    def test_the_old_page_stays_until_the_new_one_is_whole(self):
        self.write("x.html", b"old")
        os.chmod(os.path.join(self.folder, "x.html"), 0o640)
        self.write("broken", b"something else")
        for option in ("--stats", "--ledger", "--health", "--models"):
            self.assertEqual(self.run_cli("dashboard", "-o", "x.html", *([] if option == "--models" else ["--builtin"]), option,
                                          "none"), 9, option)
            self.assertIn(option, self.err)
            self.assertEqual(self.read_text("x.html"), "old")
        for option in ("--stats", "--health", "--models"):
            self.assertEqual(self.run_cli("dashboard", "-o", "x.html", *([] if option == "--models" else ["--builtin"]), option,
                                          "broken"), 9, option)
            self.assertEqual(self.read_text("x.html"), "old")
        self.assertEqual(self.made(), ["broken", "x.html"])
        self.page("--builtin")
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.folder, "x.html")).st_mode), 0o640)
        self.assertEqual(self.made(), ["broken", "x.html"])

    def test_where_nothing_can_be_written(self):
        self.assertEqual(self.run_cli("dashboard", "--builtin", "-o", "none/x.html", "--json"), 9)
        self.assertEqual(self.error()["code"], "file")
        self.assertEqual(self.run_cli("dashboard", "--builtin", "-o", "/dev/full"), 9)
        self.assertIn("-o", self.err)
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assertEqual(self.run_cli("dashboard", "--builtin", "-o", "-", stdout=full), 9)
        self.assertEqual(self.made(), [])

    def test_stdout_and_devices(self):
        self.assertEqual(self.run_cli("dashboard", "--builtin", "-o", "-"), 0, self.err)
        self.assertTrue(self.out.startswith(b"<!DOCTYPE html>") and self.out.endswith(b"</html>\n"))
        self.assertEqual(self.run_cli("dashboard", "--builtin", "-o", "/dev/null"), 0, self.err)
        self.assertEqual(self.out, b"/dev/null\n")
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))
        self.assertEqual(self.made(), [])

    def test_a_gateway_that_is_gone(self):
        """A report is wanted most then: it has all that files say, and says what is missing."""
        self.write("prices", b"")
        value = self.value("--retries", "0", "--stats", "choose.stats", "--prices", "prices")
        self.assertIn("nothing answers there", value["trouble"])
        self.assertEqual(value["models_from"], "built in")
        self.assertIs(value["sections"]["times"], True)
        self.assertIs(value["sections"]["prices"], False)
        self.assertIn("warning: the gateway could not be asked", self.err)
        self.assertIn("could not be asked", self.plain(self.read_text("x.html")))

    def test_money_over_time(self):
        self.use_sandbox()
        for n in (1, 2):
            self.assertEqual(self.generate("-p", "bedrock", "-m", "stable-diffusion-xl-v1", "-n", "2", "-s", "64x64", "-o",
                                           "x.png", "--ledger", "ledger"), 0, self.err)
        before = self.read("ledger")
        text = self.plain(self.page("--sandbox", "--ledger", "ledger"))
        self.says(text, time.strftime(r"%Y-%m-%d\s+2\s+4\s+\$0.072\s", time.gmtime()))
        self.says(text, r"bedrock/stable-diffusion-xl-v1\s+\$0.072\s")
        self.says(text, "would have saved")
        self.assertEqual(self.read("ledger"), before)
        text = self.plain(self.page("--history"))
        self.says(text, time.strftime(r"%Y-%m-%d\s+\d+\s+\d+\s+\$", time.gmtime()))
        del self.env["APIPIE_API_KEY"]
        self.assertEqual(self.run_cli("dashboard", "-o", "x.html", "--history"), 2)
        self.assertIn("APIPIE_API_KEY", self.err)

    def test_prices_over_time(self):
        def line(age, price, latency, available=1):
            return json.dumps({"wall_ms": int(time.time() * 1000) - age * 86400000, "type": "image", "provider": "p", "model": "m",
                               "price_usd": price, "input_usd": None, "output_usd": None, "average_usd": None,
                               "latency_ms": [None] * 5 + [latency], "available": available})
        lines = [line(9, "0.010", 2000), line(5, "0.008", 2000), line(2, "0.008", 3000), line(1, "0.012", 3000, 0)]
        self.write("prices", ("\n".join(lines) + "\n").encode())
        text = self.plain(self.page("--builtin", "--prices", "prices"))
        self.assertIn("The price changed 2 times, between $0.008 and $0.012.", text)
        self.says(text, r"\$0.008\s+3.00\s+yes\s+.*\$0.012\s+3.00\s+no\s")
        self.says(text, r"p/m\s+\$0.010\s+\$0.012\s+\$0.008\s+\$0.012\s+2\s+4\s")
        self.assertEqual(self.read("prices").decode().splitlines(), lines)

    def test_a_list_that_is_asked_for_is_written_down(self):
        value = self.value("--sandbox", "--prices", "prices")
        self.assertIs(value["sections"]["prices_over_time"], True)
        self.assertEqual(self.read("prices").count(b"\n"), 82)
