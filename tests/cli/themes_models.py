# SPDX-License-Identifier: MIT
"""Before anything is bought: the list of models, and what a picture will cost."""
from cli_support import CliTest

MODEL_KEYS = ["provider", "model", "id", "type", "subtype", "description", "best_for", "family", "series",
              "version", "speciality", "license", "license_url", "price_usd", "latency_ms", "query_count",
              "width", "height", "edits", "enabled", "available", "listed", "built_in"]


class Models(CliTest):
    """apipie models: a table of 80 columns, or JSON."""

    def setUp(self):
        super().setUp()
        self.nowhere = dict(self.env)
        self.use_sandbox()

    def models(self, *arguments):
        self.assertEqual(self.run_cli("models", "--json", *arguments), 0, self.err)
        self.assertEqual(self.err, "")
        value = self.json()
        self.assertEqual(list(value), ["models", "warnings"])
        return value["models"]

    def table(self, *arguments):
        self.assertEqual(self.run_cli("models", *arguments), 0, self.err)
        lines = self.out.decode().splitlines()
        self.assertTrue(all(len(line) <= 80 for line in lines), lines)
        self.assertEqual(lines[0].split(), ["MODEL", "PROVIDER", "FAMILY", "SPECIALITY", "USD", "LATENCY"])
        return lines[1:]

    def test_all(self):
        found = self.models()
        self.assertEqual(len(found), 82)
        self.assertEqual(list(found[0]), MODEL_KEYS)
        one = [m for m in found if m["model"] == "sd_xl_base_1.0"][0]
        self.assertEqual((one["provider"], one["price_usd"], one["family"]), ("prodia", "0.008", "SDXL"))
        self.assertEqual((one["listed"], one["built_in"], one["available"]), (True, True, True))
        self.assertEqual(len(self.table()), 82)

    def test_needs_no_key(self):
        del self.env["APIPIE_API_KEY"]
        self.assertEqual(len(self.models()), 82)
        self.env["APIPIE_API_KEY"] = "sk-pie-wrong"
        self.assertEqual(self.run_cli("models", "--json"), 3)
        self.assertEqual(self.error()["code"], "auth")

    def test_choice(self):
        self.assertEqual({m["provider"] for m in self.models("-p", "Bedrock")}, {"bedrock"})
        self.assertEqual({m["family"] for m in self.models("--family", "sdxl")}, {"SDXL"})
        self.assertEqual({m["speciality"] for m in self.models("--speciality", "anime")}, {"anime"})
        self.assertEqual(self.models("--type", "llm"), [])
        self.assertEqual([m["model"] for m in self.models("--filter", "model=stable-diffusion-2-1")],
                         ["stable-diffusion-2-1"])
        self.assertEqual([m["provider"] for m in self.models("--filter", "voices")],
                         ["openai", "elevenlabs"])
        self.assertEqual(self.models("-p", "nobody"), [])
        self.assertEqual(self.table("-p", "nobody"), [])

    def test_country(self):
        for country, providers in (("CU", {"bedrock"}), ("north korea", {"together"}), ("DE", set())):
            found = self.models("--country", country)
            self.assertEqual(list(found[0]), MODEL_KEYS + ["restricted"])
            self.assertEqual({m["provider"] for m in found if m["restricted"]}, providers)
            self.assertEqual({m["restricted"] for m in found} - {True}, {False})
        self.assertEqual(self.run_cli("models", "--country", "CU"), 0, self.err)
        lines = [line.split() for line in self.out.decode().splitlines()]
        self.assertEqual(lines[0], ["MODEL", "HERE", "PROVIDER", "FAMILY", "SPECIALITY", "USD", "LATENCY"])
        self.assertEqual({(line[1], line[2] == "bedrock") for line in lines[1:]}, {("no", True), ("yes", False)})
        self.assertTrue(all(len(line) <= 80 for line in self.out.decode().splitlines()))

    def test_detailed(self):
        found = self.models("--detailed")
        self.assertEqual(len(found), 82)
        self.assertEqual(list(found[0]), MODEL_KEYS + ["input_usd_per_million", "output_usd_per_million", "input_usd_per_token",
                                                       "output_usd_per_token", "max_images", "record"])
        one = self.models("--detailed", "-p", "together")[0]
        self.assertEqual((one["input_usd_per_million"], one["input_usd_per_token"]), ("0.2", "0.0000002"))
        self.assertEqual((one["output_usd_per_token"], one["max_images"]), ("0", 10))
        self.assertEqual((one["price_usd"], one["family"]), ("0.01", "SDXL"))
        self.assertIn("hd", one["record"]["supported_input_parameters"]["quality"]["enum"])
        self.assertIsNone(self.models("--detailed", "-p", "prodia")[0]["input_usd_per_million"])
        self.assertEqual(self.run_cli("models", "--detailed", "--json", "--builtin"), 2)
        self.assertIn("--detailed", self.error()["message"])

    def test_order(self):
        prices = [float(m["price_usd"]) for m in self.models("--sort", "price")]
        self.assertEqual(prices, sorted(prices))
        names = [m["model"].lower() for m in self.models("--sort", "model")]
        self.assertEqual(names, sorted(names))
        counts = [m["query_count"] for m in self.models("--sort", "queries")]
        self.assertEqual(counts, sorted(counts, reverse=True))

    def test_built_in_asks_nobody(self):
        self.env = self.nowhere
        del self.env["APIPIE_API_KEY"]
        found = self.models("--builtin")
        self.assertEqual(len(found), 82)
        self.assertEqual((found[0]["price_usd"], found[0]["listed"], found[0]["built_in"]), (None, False, True))
        self.assertEqual(len(self.table("--builtin", "--family", "SDXL", "-p", "together")), 1)

    def test_nobody_there(self):
        self.env = self.nowhere
        self.assertEqual(self.run_cli("models", "--retries", "0"), 6)
        self.assertEqual(self.out, b"")
        self.assertEqual(self.run_cli("models", "--json", "--retries", "0"), 6)
        self.assertEqual(self.error()["code"], "connect")

    def test_usage(self):
        for arguments, word in ((["--sort", "colour"], "--sort takes "), (["--filter", "=x"], "--filter takes "),
                                (["x"], "what is"), (["--builtin", "--country", "DE"], "--country"),
                                (["--country", ""], "two letters"),
                                (["--detailed"], "--json"), (["--builtin", "--sandbox"], "--builtin"),
                                (["--sandbox", "--base-url", "http://127.0.0.1:9/v1"], "exclude"),
                                (["--type", "a\x01"], "set_filter"), (["--filter", "a\x01"], "set_filter")):
            self.assertEqual(self.run_cli("models", *arguments), 2, arguments)
            self.assertIn(word, self.err)
            self.assertEqual(self.out, b"")

    def test_help(self):
        for command, word in (("models", b"--speciality"), ("estimate", b"--price")):
            self.assertEqual(self.run_cli(command, "--help"), 0)
            self.assertIn(word, self.out)


class Estimate(CliTest):
    """apipie estimate: exact, or unknown; and then that is what is billed."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def estimate(self, *arguments):
        self.assertEqual(self.run_cli("estimate", "a lake", "--json", *arguments), 0, self.err)
        value = self.json()["estimate"]
        return value["cost_usd"], value["source"]

    def test_listed(self):
        self.assertEqual(self.estimate(), ("0.008", "listed"))
        self.assertEqual(self.estimate("-n", "3"), ("0.024", "listed"))
        self.assertEqual(self.run_cli("estimate"), 0)
        self.assertEqual(self.out, b"0.008 USD, listed\n")

    def test_it_is_the_bill(self):
        for options in (["-s", "512x512"], ["-q", "hd"], ["-p", "bedrock", "-m", "stable-diffusion-xl-v1"]):
            cost, source = self.estimate(*options)
            self.assertEqual(source, "listed")
            self.assertEqual(self.run_cli("generate", "a lake", "--json", *options), 0)
            self.assertEqual(self.json()["usage"]["cost_usd"], cost)

    def test_unknown(self):
        self.assertEqual(self.estimate("-m", "nothing"), (None, "unknown"))
        self.assertEqual(self.run_cli("estimate", "-m", "nothing"), 0)
        self.assertEqual(self.out, b"unknown\n")

    def test_given(self):
        self.env["APIPIE_BASE_URL"] = "http://127.0.0.1:9/v1"
        del self.env["APIPIE_API_KEY"]
        self.assertEqual(self.estimate("--price", "0.5", "-n", "2"), ("1", "given"))

    def test_bad(self):
        self.assertEqual(self.run_cli("estimate", "-n", "0"), 2)
        self.assertEqual(self.run_cli("estimate", "--json", "-m", "a\x01"), 2)
        self.assertEqual(self.error()["code"], "usage")
        self.env["APIPIE_BASE_URL"] = "http://127.0.0.1:9/v1"
        self.assertEqual(self.run_cli("estimate", "--retries", "0"), 6)
        self.assertEqual(self.files(), [])
