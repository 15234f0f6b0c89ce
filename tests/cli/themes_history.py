# SPDX-License-Identifier: MIT
"""apipie history: what was paid, by the gateway and by a ledger, and whether both agree."""
import decimal

from cli_support import CliTest, Sandbox

KINDS = ("missing", "unexpected", "different", "found")


class History(CliTest):
    """A sandbox of its own for each test: its history is what the test made."""

    def setUp(self):
        super().setUp()
        sandbox = Sandbox(CliTest.apipie)
        self.addCleanup(sandbox.stop)
        self.env.update(sandbox.env)

    def draw(self, prompt, *arguments, code=0):
        self.assertEqual(self.run_cli("generate", prompt, "-s", "64x64", "--price", "0.01", *arguments), code,
                         self.err)

    def history(self, *arguments):
        self.assertEqual(self.run_cli("history", "--json", *arguments), 0, self.err)
        self.assertEqual(self.err, "")
        return self.json()

    def table(self, *arguments):
        self.assertEqual(self.run_cli("history", *arguments), 0, self.err)
        lines = self.out.decode().splitlines()
        self.assertTrue(all(len(line) <= 80 for line in lines), lines)
        return lines

    def test_bills(self):
        self.draw("a lake")
        self.draw("a hill", "-m", "dreamshaper_8", "-p", "prodia")
        value = self.history()
        self.assertIs(value["complete"], True)
        self.assertEqual([b["model"] for b in value["bills"]], ["dreamshaper_8", "sd_xl_base_1.0"])
        bill = value["bills"][1]
        self.assertEqual((bill["provider"], bill["unit"], bill["billed"], bill["prompt_chars"], bill["key"]),
                         ("prodia", "image", "yes", 6, "sandbox"))
        self.assertRegex(bill["time"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        total = sum(decimal.Decimal(b["cost_usd"]) for b in value["bills"])
        self.assertEqual(decimal.Decimal(value["all"]["cost_usd"]), total)
        self.assertNotIn("127.0.0.1", self.out.decode())  # nobody's address
        lines = self.table()
        self.assertEqual(len(lines), 4)
        self.assertIn("prodia/dreamshaper_8", lines[1])
        self.assertTrue(lines[3].startswith(" all"))

    def test_limit(self):
        for i in range(3):
            self.draw("picture %d" % i)
        value = self.history("--limit", "2")
        self.assertEqual((len(value["bills"]), value["complete"]), (2, False))
        self.assertEqual(self.run_cli("history", "--limit", "2"), 0)
        self.assertIn("note: there are older ones", self.err)
        self.assertEqual(len(self.history("--limit", "3")["bills"]), 3)

    def test_period(self):
        self.draw("a lake")
        self.assertEqual(len(self.history("--since", "1h")["bills"]), 1)
        self.assertEqual(self.history("--until", "1h")["bills"], [])
        self.assertEqual(self.history("--since", "2020-01-01", "--until", "2020-02-01")["all"], None)
        self.assertEqual(self.run_cli("history", "--since", "1h", "--until", "2h"), 2)
        self.assertIn("--since is after --until", self.err)
        self.assertEqual(self.run_cli("history", "--since", "yesterday"), 2)

    def test_sums(self):
        self.draw("a lake")
        self.draw("a hill", "-m", "dreamshaper_8", "-p", "prodia")
        self.draw("a bay", "-m", "stable-diffusion-xl-base-1.0", "-p", "together")
        self.assertEqual([t["name"] for t in self.history("--by", "model")["totals"]],
                         ["prodia/dreamshaper_8", "prodia/sd_xl_base_1.0", "together/stable-diffusion-xl-base-1.0"])
        providers = self.history("--by", "provider")
        self.assertEqual([(t["name"], t["images"]) for t in providers["totals"]], [("prodia", 2), ("together", 1)])
        self.assertEqual(sum(decimal.Decimal(t["cost_usd"]) for t in providers["totals"]),
                         decimal.Decimal(providers["all"]["cost_usd"]))
        self.assertEqual([t["name"] for t in self.history("--by", "key")["totals"]], ["sandbox"])
        self.assertEqual([t["name"] for t in self.history("--by", "tag")["totals"]], [None])
        self.assertRegex(self.history("--by", "day")["totals"][0]["name"], r"^20\d\d-\d\d-\d\d$")
        self.assertEqual(len(self.table("--by", "provider")), 4)

    def test_a_ledger_by_itself(self):
        self.draw("a lake", "--ledger", "l")
        self.env["APIPIE_BASE_URL"] = "http://127.0.0.1:9/v1"
        del self.env["APIPIE_API_KEY"]
        before = self.read("l")
        value = self.history("--ledger", "l", "--local")
        self.assertEqual([(b["model"], b["billed"], b["estimated"]) for b in value["bills"]],
                         [("sd_xl_base_1.0", "yes", False)])
        self.assertEqual(len(self.table("--ledger", "l", "--local", "--by", "day")), 3)
        self.assertEqual(self.read("l"), before)

    def test_both_agree(self):
        self.draw("a lake", "--ledger", "l")
        self.draw("a hill", "--ledger", "l")
        value = self.history("--ledger", "l")
        self.assertEqual((value["matched"], value["findings"]), (2, []))
        self.assertEqual(value["ledger_usd"], value["gateway_usd"])
        self.assertEqual(len(self.table("--ledger", "l")), 1)

    def test_what_differs(self):
        self.draw("a lake", "--ledger", "l")
        self.draw("lost, and billed", "--ledger", "l", "--extra", 'sandbox={"fault":"cut"}', code=6)
        self.draw("somebody else's")
        costlier = self.read("l").replace(b'"cost_usd":"0.004"', b'"cost_usd":"0.003"')
        self.assertNotEqual(costlier, self.read("l"))
        self.write("l", costlier)
        value = self.history("--ledger", "l")
        self.assertEqual([value[k] for k in KINDS], [0, 1, 1, 1])
        self.assertEqual([f["kind"] for f in value["findings"]], ["unexpected", "found", "different"])
        one = value["findings"][2]
        self.assertEqual((one["ledger"]["cost_usd"], one["gateway"]["cost_usd"]), ("0.003", "0.004"))
        self.assertIsNone(value["findings"][0]["ledger"])
        self.assertEqual(len(self.table("--ledger", "l")), 5)

    def test_refusals(self):
        for arguments, says in ((("--local",), "--local needs --ledger"),
                                (("--ledger", "l", "--by", "day"), "exclude each other"),
                                (("--ledger", "none"), "cannot be read: none")):
            code = self.run_cli("history", *arguments)
            self.assertEqual(code, 9 if "none" in arguments else 2, arguments)
            self.assertIn(says, self.err)
        self.assertEqual(self.files(), [])  # a ledger is never made here
        self.env["APIPIE_API_KEY"] = "sk-pie-wrong"
        self.assertEqual(self.run_cli("history", "--json"), 3)
        self.assertEqual(self.error()["code"], "auth")
        del self.env["APIPIE_API_KEY"]
        self.assertEqual(self.run_cli("history"), 2)
        self.assertIn("APIPIE_API_KEY", self.err)

    def test_recommend_reads_bills(self):
        for i in range(2):
            self.draw("picture %d" % i, "-m", "dreamshaper_8", "-p", "prodia", "--ledger", "l")
        for source in (("--history",), ("--ledger", "l")):
            self.assertEqual(self.run_cli("recommend", "--json", *source), 0, self.err)
            self.assertEqual(self.json()["looked_at"], 1)
        self.assertEqual(self.run_cli("recommend", "--json", "--history", "--since", "2020-01-01", "--builtin"), 0,
                         self.err)
        self.assertEqual(self.run_cli("recommend", "--history", "--ledger", "l"), 2)
        self.assertEqual(self.run_cli("recommend"), 2)
        self.assertEqual(self.run_cli("recommend", "--stats", "s", "--since", "1h"), 2)
