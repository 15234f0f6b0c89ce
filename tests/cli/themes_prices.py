# SPDX-License-Identifier: MIT
"""Prices over time: written where lists are fetched, and compared with what is listed now."""
import calendar
import datetime
import json
import os
import shutil

from cli_support import CliTest

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = ["--models", "choose.models.json"]  # dreamshaper_8 0.02 3000, dreamshaper_7 0.01 4000, stable-diffusion-xl-v1 0.04 1200
SIDE_KEYS = ["models", "price_low_usd", "price_median_usd", "latency_median_ms"]
CHANGE_KEYS = ["kind", "provider", "model", "then_usd", "now_usd", "change_percent", "then_available", "now_available"]


def moment(text):
    return calendar.timegm(datetime.datetime.strptime(text, "%Y-%m-%d").timetuple()) * 1000


def line(day, provider, model, price, ms, available, kind="image"):
    value = {"wall_ms": moment(day), "type": kind, "provider": provider, "model": model, "price_usd": price,
             "input_usd": None, "output_usd": None, "average_usd": None,
             "latency_ms": [None] * 5 + [ms], "available": available}
    return json.dumps(value, separators=(",", ":")) + "\n"


HISTORY = "".join([
    line("2026-01-01", "prodia", "dreamshaper_8", "0.01", 4000, 1),
    line("2026-01-01", "prodia", "dreamshaper_7", "0.01", 4000, 0),
    line("2026-01-01", "bedrock", "stable-diffusion-xl-v1", None, 1200, 1),
    line("2026-01-01", "dead", "gone-1", "0.2", 5000, 1),
    line("2026-01-01", "chat", "talker", None, 50, 1, "llm"),
    "half a line\n",
    line("2026-03-01", "prodia", "dreamshaper_8", "0.016", 3000, 1),
    line("2026-02-01", "prodia", "dreamshaper_8", "0.03", 3200, 1)])


class PriceTest(CliTest):

    def setUp(self):
        super().setUp()
        shutil.copy(os.path.join(HERE, "choose.models.json"), self.folder)
        self.write("prices.jsonl", HISTORY.encode())

    def since(self, when, *arguments, prices="prices.jsonl"):
        self.assertEqual(self.run_cli("compare", "--since", when, "--prices", prices, "--json", *arguments), 0, self.err)
        value = self.json()
        self.assertEqual(list(value), ["ok", "by", "since", "earliest", "known", "groups", "changes"])
        return value

    def lines(self, name):
        return [json.loads(text) for text in self.read(name).decode().splitlines()]


class Prices(PriceTest):
    """--prices FILE, where the list is fetched."""

    def test_each_command_writes_what_changed(self):
        self.use_sandbox()
        self.write("own.stats", b"apipie-stats 1\n")
        for n, arguments in enumerate((["models"], ["choose"], ["compare"], ["recommend", "--stats", "own.stats"],
                                       ["estimate", "-m", "sd_xl_base_1.0"])):
            name = "new%d.jsonl" % n
            for _ in range(2):  # the second time it says the same
                self.assertEqual(self.run_cli(*arguments, "--prices", name), 0, self.err)
                lines = self.lines(name)
                self.assertEqual(len(lines), 82)
                self.assertEqual({text["type"] for text in lines}, {"image"})
            self.assertEqual(os.stat(os.path.join(self.folder, name)).st_mode & 0o777, 0o600)

    def test_where_nothing_is_fetched_it_is_refused(self):
        for arguments in (["models", "--builtin"], ["choose", "--builtin"], ["choose", *NOW], ["compare", *NOW],
                          ["recommend", "--stats", "x", "--builtin"], ["estimate", "--price", "0.1"]):
            self.assertEqual(self.run_cli(*arguments, "--prices", "new.jsonl"), 2, arguments)
            self.assertIn("--prices", self.err)
            self.assertNotIn("new.jsonl", self.files())

    def test_a_file_that_cannot_be_written(self):
        self.use_sandbox()
        for path in (".", "none/prices.jsonl"):
            self.assertEqual(self.run_cli("models", "--prices", path, "--json"), 9)
            self.assertEqual(self.error()["code"], "file")
            self.assertIn("--prices", self.err + self.out.decode())


class Since(PriceTest):
    """compare --since WHEN --prices FILE."""

    def test_then_and_now(self):
        value = self.since("2026-01-15", *NOW)
        self.assertEqual((value["by"], value["since"], value["earliest"], value["known"]),
                         ("provider", "2026-01-15T00:00:00Z", "2026-01-01T00:00:00Z", True))
        bedrock, dead, prodia = value["groups"]
        self.assertEqual([g["name"] for g in value["groups"]], ["bedrock", "dead", "prodia"])
        self.assertEqual([list(prodia[side]) for side in ("then", "now", "change_percent")], [SIDE_KEYS] * 3)
        self.assertEqual(list(prodia["then"].values()), [2, "0.01", "0.01", 4000])
        self.assertEqual(list(prodia["now"].values()), [2, "0.01", "0.01", 3000])
        self.assertEqual(list(prodia["change_percent"].values()), [0, 0, 0, -25])
        self.assertIsNone(dead["now"])
        self.assertEqual(dead["then"]["price_low_usd"], "0.2")
        self.assertEqual(set(dead["change_percent"].values()), {None})
        self.assertEqual((bedrock["then"]["price_low_usd"], bedrock["now"]["price_low_usd"]), (None, "0.04"))
        self.assertIsNone(bedrock["change_percent"]["price_low_usd"])
        for change in value["changes"]:
            self.assertEqual(list(change), CHANGE_KEYS)
        self.assertEqual([list(change.values()) for change in value["changes"]],
                         [["gone", "dead", "gone-1", "0.2", None, None, None, None],
                          ["availability", "prodia", "dreamshaper_7", None, None, None, False, True],
                          ["price", "prodia", "dreamshaper_8", "0.01", "0.02", 100, None, None]])
        self.assertIn("--prices: lines that could not be read: 1", self.err)

    def test_each_moment_has_its_prices(self):
        for when, price, percent in (("2026-01-31T23:59:59.999Z", "0.01", 100), ("2026-02-01", "0.03", -33.333),
                                     ("2026-02-28", "0.03", -33.333), ("2026-03-01T00:00:00+00:00", "0.016", 25)):
            (change,) = [c for c in self.since(when, *NOW)["changes"] if c["model"] == "dreamshaper_8"]
            self.assertEqual((change["then_usd"], change["change_percent"]), (price, percent))

    def test_by_what_is_built_in(self):
        groups = self.since("2026-01-15", "--by", "series", "--family", "SD 1.x", *NOW)["groups"]
        self.assertEqual([(g["name"], g["then"]["models"], g["now"]["models"]) for g in groups], [("DreamShaper", 2, 2)])
        value = self.since("2026-01-15", "-p", "nobody", *NOW)
        self.assertEqual((value["known"], value["groups"], value["changes"]), (True, [], []))

    def test_the_file_begins_later(self):
        value = self.since("2025-12-31T23:59:59Z", *NOW)
        self.assertEqual((value["known"], value["earliest"], value["changes"]), (False, "2026-01-01T00:00:00Z", []))
        self.assertEqual({g["then"] for g in value["groups"]}, {None})
        self.assertEqual(value["groups"][-1]["now"]["price_low_usd"], "0.01")
        self.assertEqual(self.run_cli("compare", "--since", "2025-12-31", "--prices", "prices.jsonl", *NOW), 0)
        self.assertIn("prices.jsonl: knows nothing of 2025-12-31T00:00:00Z; it begins at 2026-01-01T00:00:00Z", self.err)
        self.assertNotIn("gone-1", self.out.decode())
        self.write("empty.jsonl", b"")
        value = self.since("1d", *NOW, prices="empty.jsonl")
        self.assertEqual((value["known"], value["earliest"]), (False, None))

    def test_the_gateway_is_asked_and_written_down(self):
        self.use_sandbox()
        value = self.since("0h", prices="new.jsonl")
        self.assertEqual(len(self.lines("new.jsonl")), 82)
        self.assertEqual((value["known"], value["changes"]), (False, []))
        # What it begins at is what it can be asked for.
        value = self.since(value["earliest"], prices="new.jsonl")
        self.assertEqual((value["known"], value["changes"]), (True, []))
        for group in value["groups"]:
            self.assertEqual(group["then"], group["now"])
        old = self.read("prices.jsonl")
        self.since("2026-01-15")
        self.assertTrue(self.read("prices.jsonl").startswith(old))
        self.assertEqual(self.read("prices.jsonl").count(b"\n"), old.count(b"\n") + 82)

    def test_tables_are_narrow(self):
        self.write("long.jsonl", (HISTORY + line("2026-01-01", "p" * 90, "\u202em\x1b" + "n" * 90, "9999.999999", 10 ** 9, 1) +
                                  line("2026-01-01", "tiny", "t", "0.000000000001", 1, 1)).encode())
        for by in ("provider", "family", "series", "version", "speciality"):
            self.assertEqual(self.run_cli("compare", "--by", by, "--since", "2026-01-15", "--prices", "long.jsonl", *NOW), 0)
            text = self.out.decode()
            for row in text.splitlines():
                self.assertLessEqual(len(row), 80, row)
                self.assertEqual(row, row.rstrip())
            self.assertNotRegex(text, "[\x1b\u202e]")
            self.assertRegex(text, r"prodia/dreamshaper_8 +price +0.01 +0.02 +\+100%")
            self.assertRegex(text, r"prodia/dreamshaper_7 +state +down +up")
            self.assertRegex(text, r"dead/gone-1 +gone +0.2 +- +-")
        self.assertEqual(self.run_cli("compare", "--since", "2026-03-01", "--prices", "prices.jsonl", "-p", "bedrock", *NOW), 0)
        self.assertIn("no price and no availability changed", self.out.decode())

    def test_moments(self):
        for text, meant in (("2024-02-29", "2024-02-29T00:00:00Z"), ("2026-01-15T12:30Z", "2026-01-15T12:30:00Z"),
                            ("2026-01-15 12:30:01", "2026-01-15T12:30:01Z"), ("2026-01-15t12:30:01.25z", "2026-01-15T12:30:01.250Z"),
                            ("2026-01-15T01:00:00+02:30", "2026-01-14T22:30:00Z"), ("2026-01-15T23:00-0130", "2026-01-16T00:30:00Z"),
                            ("1970-01-01", "1970-01-01T00:00:00Z")):
            self.assertEqual(self.since(text, *NOW)["since"], meant)
        for text in ("", "7", "h", "7m", "7 d", "-7d", "yesterday", "2026", "2026-02", "2026-02-29", "2100-02-29", "2026-13-01",
                     "2026-00-01", "2026-01-00", "2026-1-1", "2026-01-15T", "2026-01-15T12", "2026-01-15T24:00Z",
                     "2026-01-15T12:60Z", "2026-01-15T12:00:60Z", "2026-01-15T12:00:00.Z", "2026-01-15T12:00:00Zx",
                     "2026-01-15T12:00:00+2", "1969-12-31", "1970-01-01T00:00+00:01", "99999999999999999999w", "999999w"):
            self.assertEqual(self.run_cli("compare", "--since=" + text, "--prices", "prices.jsonl", *NOW), 2, text)
            self.assertIn("--since takes a date as 2026-11-01", self.err)

    def test_ages(self):
        def read(text):
            return datetime.datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
        for age, seconds in (("90min", 5400), ("36h", 129600), ("7d", 604800), ("4w", 2419200)):
            before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds + 1)
            meant = read(self.since(age, *NOW)["since"])
            after = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=seconds)
            self.assertTrue(before <= meant <= after, (before, meant, after))

    def test_what_is_wrong_is_said(self):
        for arguments, word in ((["--since", "7d"], "--since needs --prices FILE"),
                                (["--since", "7d", "--prices", "prices.jsonl", "--builtin"], "--builtin knows none"),
                                (["--since", "7d", "--prices", "prices.jsonl", "--stats", "x"], "--stats"),
                                (["--since", "9999-12-31", "--prices", "prices.jsonl"], "in the future")):
            self.assertEqual(self.run_cli("compare", *arguments), 2, self.err)
            self.assertIn(word, self.err)
            self.assertEqual(self.run_cli("compare", "--json", *arguments), 2)
            self.assertEqual(self.error()["code"], "usage")
        for path in ("none.jsonl", "."):
            self.assertEqual(self.run_cli("compare", "--since", "7d", "--prices", path, *NOW), 9)
            self.assertIn("--prices: cannot be read: " + path, self.err)
        self.assertEqual(self.run_cli("models", "--since", "7d"), 2)
