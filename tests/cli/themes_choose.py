# SPDX-License-Identifier: MIT
"""Choose, compare, recommend: from files, the built-in models and the sandbox; the rules of docs/choose.md are computed here once more."""
import json
import os
import shutil

from cli_support import CliTest

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL_KEYS = ["provider", "model", "score", "parts", "price_usd", "price_listed_usd", "price_own_usd", "latency_ms",
              "latency_listed_ms", "latency_own_ms", "p95_ms", "tries", "ok"]
GROUP_KEYS = ["name", "models", "priced", "price_low_usd", "price_median_usd", "price_high_usd", "timed",
              "latency_low_ms", "latency_median_ms", "tries", "ok", "images", "price_own_usd", "p50_ms", "p95_ms"]
ADVICE_KEYS = ["kind", "saved_usd", "saved_ms", "used", "better"]


def blend(listed, own, n):
    part = (listed - own) * 20
    return own + (abs(part) // (n + 20)) * (1 if part >= 0 else -1)


class Offer(CliTest):
    """With a list and measurements in the folder."""

    def setUp(self):
        super().setUp()
        del self.env["APIPIE_API_KEY"]
        for name in ("choose.stats", "choose.models.json"):
            shutil.copy(os.path.join(HERE, name), self.folder)
        self.offer = ["--models", "choose.models.json", "--stats", "choose.stats"]

    def said(self, *arguments):
        self.assertEqual(self.run_cli(*arguments), 0, self.err)
        return self.out.decode()

    def value(self, *arguments):
        self.said(*arguments, "--json")
        value = self.json()
        self.assertIs(value["ok"], True)
        return value

    def narrow(self, text):
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
            self.assertEqual(line, line.rstrip())


class Choose(Offer):

    def test_the_example_of_the_page(self):
        value = self.value("choose", "--family", "sd 1.x", *self.offer)
        seven, eight = value["models"]
        self.assertEqual(list(seven), MODEL_KEYS)
        self.assertEqual((seven["model"], eight["model"]), ("dreamshaper_7", "dreamshaper_8"))
        dollar = 10 ** 12
        prices = [10 ** 10, blend(2 * 10 ** 10, 72 * 10 ** 10 // 30, 30)]
        times = [blend(4000, 3840, 4), blend(3000, 3840, 30)]
        for i, (model, ok, tries) in enumerate(((seven, 4, 4), (eight, 30, 32))):
            parts = [10 ** 6 * min(prices) // prices[i], 10 ** 6 * min(times) // times[i],
                     10 ** 6 * (ok + 1) // (tries + 2)]
            self.assertEqual(list(model["parts"].values()), [p // 1000 for p in parts])
            self.assertEqual(model["score"], sum(parts) // 3 // 1000)
            self.assertEqual((model["tries"], model["ok"], model["latency_ms"]), (tries, ok, times[i]))
            self.assertEqual(round(float(model["price_usd"]) * dollar), prices[i])
        self.assertEqual((seven["score"], eight["score"]), (905, 786))
        self.assertEqual((eight["price_listed_usd"], eight["price_own_usd"]), ("0.02", "0.024"))
        self.assertIsNone(seven["p95_ms"])
        page = os.path.join(HERE, "..", "..", "docs", "choose.md")
        if os.path.exists(page):
            with open(page, encoding="utf-8") as file:
                text = file.read()
            for number in ("3973", "881", "833", "905", "0.0224", "3504", "446", "911", "786"):
                self.assertIn(number, text)

    def test_reasons(self):
        value = self.value("choose", "--max-price", "0.01", "--max-p95", "4000", "--speciality", "general", *self.offer)
        reasons = {row["model"]: row["reason"] for row in value["rejected"]}
        self.assertEqual(len(value["models"]) + len(reasons), 82)
        self.assertEqual(reasons["dreamshaper_8"], "price 0.0224 is over 0.01")
        self.assertEqual(reasons["sd_xl_base_1.0"], "not on the gateway's list")
        self.assertEqual(reasons["analog-diffusion-1.0"], "speciality is realistic")

    def test_an_empty_selection_is_an_answer(self):
        text = self.said("choose", "--builtin", "--family", "nothing")
        self.assertEqual(text.count("\n"), 82)
        self.assertIn("family is SD 1.x", text)
        self.assertIn("0 models serve it, 82 do not", self.err)
        self.narrow(text)
        self.assertEqual(self.value("choose", "--builtin", "--family", "nothing")["models"], [])

    def test_tables_are_narrow(self):
        text = self.said("choose", "--builtin")
        self.assertEqual(text.count("\n"), 21)
        self.narrow(text)
        text = self.said("choose", "--explain", *self.offer)
        self.assertIn("reliability 911: 30 of 32", text)
        self.assertIn("not on the gateway's list", text)
        self.narrow(text)

    def test_the_gateway_is_asked(self):
        value = self.value("choose", "--sandbox", "--by", "price")
        self.assertEqual(len(value["models"]) + len(value["rejected"]), 82)
        self.assertIsNotNone(value["models"][0]["price_usd"])
        self.assertEqual(self.run_cli("choose", "--base-url", "http://127.0.0.1:1/v1", "--retries", "0", "--json"), 6)
        self.assertEqual(self.error()["code"], "connect")
        groups = self.value("compare", "--sandbox", "--by", "family")["groups"]
        self.assertEqual([g["models"] for g in groups], [67, 1, 14])

    def test_where_it_is_offered(self):
        value = self.value("choose", "--sandbox", "--country", "cu")
        barred = [m["provider"] for m in value["rejected"] if m["reason"] == "not offered in cu"]
        self.assertEqual(set(barred), {"bedrock"})
        self.assertEqual(len(value["models"]) + len(value["rejected"]), 82)
        self.assertNotIn("bedrock", {m["provider"] for m in value["models"]})
        there = self.value("choose", "--sandbox", "--country", "DE")
        self.assertEqual(len(there["models"]), len(value["models"]) + len(barred))
        for arguments in (["--builtin"], ["--models", "none.json"], ["--sandbox", "--country", ""],
                          ["--sandbox", "--country", "x" * 64]):
            self.assertEqual(self.run_cli("choose", "--country", "DE", *arguments), 2, self.err)
            self.assertIn("--country", self.err)

    def test_by(self):
        first = {by: self.value("choose", "--by", by, *self.offer)["models"][0]["model"]
                 for by in ("price", "speed", "reliability")}
        self.assertEqual(first, {"price": "dreamshaper_7", "speed": "stable-diffusion-xl-v1",
                                 "reliability": "dreamshaper_8"})

    def test_size_and_edit(self):
        models = self.value("choose", "--builtin", "-s", "1024x1024")["models"]
        self.assertEqual(len(models), 13)
        models = self.value("choose", "--builtin", "--edit")["models"]
        self.assertEqual([m["model"] for m in models], ["sd_xl_base_1.0_inpainting_0.1", "v1-5-inpainting"])

    def test_what_is_wrong_is_said(self):
        for arguments, word in ((["--by", "taste"], "--by"), (["--max-price", "-1"], "--max-price"),
                                (["--max-p95", "0"], "--max-p95"), (["cheap"], "cheap"),
                                (["--quality", "q" * 64], "--quality")):
            self.assertEqual(self.run_cli("choose", "--builtin", *arguments), 2, self.err)
            self.assertIn(word, self.err)
        self.write("bad.json", b"<html>")
        self.write("cut.stats", b"no statistics")
        for arguments, word in ((["--models", "none.json"], "none.json"), (["--models", "bad.json"], "no list of models"),
                                (["--builtin", "--stats", "none.stats"], "--stats"), (["--builtin", "--stats", "cut.stats"], "--stats")):
            self.assertEqual(self.run_cli("choose", *arguments), 9, self.err)
            self.assertIn(word, self.err)
            self.assertEqual(self.out, b"")
        self.assertEqual(self.run_cli("choose", "--models", "bad.json", "--json"), 9)
        self.assertEqual(self.error()["code"], "file")
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.run_cli("choose", "--builtin", stdout=full), 9)

    def test_names_cannot_steer_the_terminal(self):
        self.write("evil.json", json.dumps([{"provider": "p\u001b[2J", "model": "m\u202e" + "x" * 200,
                                              "type": "image"}, 7]).encode())
        text = self.said("choose", "--models", "evil.json")
        self.assertNotIn("\x1b", text + self.err)
        self.assertNotIn("\u202e", text + self.err)
        self.assertIn("warning: --models: 1 things", self.err)
        self.narrow(text)


class Compare(Offer):

    def test_groups(self):
        value = self.value("compare", "--by", "series", *self.offer)
        self.assertEqual(value["by"], "series")
        dream, stable = value["groups"]
        self.assertEqual(list(dream), GROUP_KEYS)
        self.assertEqual((dream["name"], dream["models"], dream["price_low_usd"], dream["price_high_usd"]),
                         ("DreamShaper", 2, "0.01", "0.02"))
        self.assertEqual((dream["tries"], dream["ok"], dream["images"], dream["p50_ms"]), (36, 34, 34, 3840))
        self.assertEqual((stable["tries"], stable["p50_ms"], stable["price_own_usd"]), (0, None, None))

    def test_selections(self):
        groups = self.value("compare", "--by", "version", "--series", "Realistic Vision", "--builtin")["groups"]
        self.assertEqual([g["name"] for g in groups], ["1.4", "2.0", "4.0", "5.0", "5.1"])
        groups = self.value("compare", "--builtin")["groups"]
        self.assertEqual(sum(g["models"] for g in groups), 82)
        self.assertEqual(self.value("compare", "--builtin", "-p", "nobody")["groups"], [])

    def test_table(self):
        for by in ("provider", "family", "series", "version", "speciality"):
            self.narrow(self.said("compare", "--by", by, *self.offer))
            self.narrow(self.said("compare", "--builtin", "--by", by))


class Recommend(Offer):

    def test_what_would_have_been_cheaper(self):
        value = self.value("recommend", *self.offer)
        self.assertEqual(value["looked_at"], 2)
        (advice,) = value["advice"]
        self.assertEqual(list(advice), ADVICE_KEYS)
        self.assertEqual((advice["kind"], advice["saved_usd"], advice["saved_ms"]), ("cheaper", "0.42", None))
        self.assertEqual((advice["used"]["model"], advice["used"]["images"]), ("dreamshaper_8", 30))
        self.assertEqual((advice["better"]["model"], advice["better"]["ok"]), ("dreamshaper_7", 4))
        text = self.said("recommend", *self.offer)
        self.assertIn("$0.42 for 30", text)
        self.narrow(text)

    def test_nothing_better(self):
        lines = self.read("choose.stats").splitlines(keepends=True)
        self.write("seven.stats", b"".join(lines[:2]))
        self.assertEqual(self.said("recommend", "--builtin", "--stats", "seven.stats"),
                         "nothing better is known for 1 models that were used\n")
        self.assertEqual(self.value("recommend", "--builtin", "--stats", "seven.stats")["advice"], [])

    def test_stats_are_needed(self):
        self.assertEqual(self.run_cli("recommend"), 2)
        self.assertIn("say what was used", self.err)
