# SPDX-License-Identifier: MIT
"""Where a picture is asked for and what it may cost: routes, budget, ledger, cache."""
import json
import os

from cli_support import PROMPT, CliTest, answer, answer_picture, png

ROUTES = ("--route", "apipie/prodia/a", "--route", "/together/b/c", "--route", "//")


class Routes(CliTest):
    """--route: the next one is asked when the one before surely did not bill."""

    def asked(self, statuses, *arguments, code=0):
        left = list(statuses)

        def reply(handler, body):
            status = left.pop(0) if left else 200
            if status == 200:
                answer_picture(handler, body)
            else:
                answer(handler, status, {"error": {"message": "not here", "code": "model_not_found"}})
        counter = self.count(reply)
        self.assertEqual(self.run_cli("generate", "x", *arguments), code, self.err)
        return [(body.get("provider"), body.get("model")) for body in map(json.loads, counter.posts)]

    def test_in_order(self):
        self.assertEqual(self.asked([404, 404], *ROUTES), [("prodia", "a"), ("together", "b/c"), (None, None)])
        self.assertEqual(self.err.splitlines()[:2],
                         ["note: prodia/a did not draw it: HTTP 404: not here",
                          "note: together/b/c did not draw it: HTTP 404: not here"])
        self.assertIn("3 attempts", self.err)

    def test_the_first_is_enough(self):
        self.assertEqual(self.asked([], *ROUTES), [("prodia", "a")])
        self.assertNotIn("note:", self.err)

    def test_model_and_provider_come_first(self):
        self.assertEqual(self.asked([404], "-m", "own", "--route", "/together/"),
                         [(None, "own"), ("together", "own")])

    def test_unknown_is_not_asked_elsewhere(self):
        self.assertEqual(self.asked([500], *ROUTES, code=7), [("prodia", "a")])
        self.assertEqual(self.asked([500], *ROUTES, "--retry", "always"), [("prodia", "a"), ("together", "b/c")])

    def test_all_fail(self):
        self.assertEqual(len(self.asked([404] * 9, *ROUTES, code=4)), 3)
        self.assertEqual(self.err.count(" did not draw it: "), 3)
        self.assertIn("note: any provider/any model did not", self.err)

    def test_json(self):
        self.asked([404], *ROUTES, "--json")
        log = self.json()["attempt_log"]
        self.assertEqual([(a["provider"], a["model"], a["outcome"], a["billed"], a["code"]) for a in log],
                         [("prodia", "a", "rejected", "no", "not_found"),
                          ("together", "b/c", "delivered", "yes", None)])
        self.assertEqual(log[0]["message"], "HTTP 404: not here")
        self.asked([404] * 9, *ROUTES, "--json", code=4)
        self.assertEqual([a["provider"] for a in self.json()["attempt_log"]], ["prodia", "together", None])

    def test_another_backend(self):
        self.assertEqual(self.asked([], "--route", "bedrock/x/y", code=2), [])
        self.assertIn("--route", self.err)


class Budget(CliTest):
    """--budget --price --ledger: what would pass the cap is not sent."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def draw(self, *arguments):
        return self.generate("-s", "64x64", "-o", "x.png", *arguments)

    def test_a_price_must_be_known(self):
        self.assertEqual(self.draw("--budget", "1"), 5)
        self.assertIn("--price", self.err)
        self.assertIn("Nothing was billed.", self.err)
        self.assertEqual(self.draw("--budget", "1", "--json"), 5)
        self.assertEqual((self.error()["code"], self.error()["billed"]), ("budget", "no"))
        self.assertEqual(self.files(), [])

    def test_exact(self):
        self.assertEqual(self.draw("--budget", "0.004", "--price", "0.004"), 0, self.err)
        self.assertEqual(self.draw("--budget", "0.003999999999", "--price", "0.004"), 5)
        self.assertIn("0.003999999999", self.err)
        self.assertEqual(self.draw("--budget", "9223372.036854775807", "--price", ".004"), 0, self.err)
        self.assertEqual(self.draw("--budget", "0", "--price", "0"), 0, self.err)

    def test_several_pictures(self):
        self.assertEqual(self.draw("--budget", "0.007", "--price", "0.004", "-n", "2"), 5)
        self.assertEqual(self.draw("--budget", "0.008", "--price", "0.004", "-n", "2"), 0, self.err)

    def test_ledger(self):
        money = ("--ledger", "books", "--price", "0.004", "--budget", "0.01")
        self.assertEqual([self.draw(*money) for _ in range(3)], [0, 0, 5], self.err)
        self.assertIn("spent 0.008", self.err)
        lines = [json.loads(line) for line in self.read("books").splitlines()]
        self.assertEqual([line["cost_usd"] for line in lines if line["type"] == "settle"], ["0.004", "0.004"])
        self.assertNotIn(PROMPT.encode(), self.read("books"))

    def test_ledger_that_cannot_be(self):
        self.assertEqual(self.draw("--ledger", "none/books"), 9)
        self.assertIn("--ledger", self.err)
        self.assertIn("nothing was sent", self.err)

    def test_charge(self):
        self.assertEqual(self.fault("nousage", "-s", "64x64", "--price", "0.004", "--json"), 0, self.out)
        value = self.json()
        self.assertEqual((value["usage"]["cost_usd"], value["charge_usd"], value["charge"]),
                         (None, "0.004", "estimated"))
        self.assertEqual(self.fault("cut", "--price", "0.004", "--json"), 6)
        self.assertEqual((self.json()["charge_usd"], self.json()["charge"]), ("0.004", "unknown"))
        self.assertEqual(self.fault("cut", "--json"), 6)
        self.assertEqual((self.json()["charge_usd"], self.json()["charge"]), (None, "unknown"))


class Cache(CliTest):
    """--cache: the same again costs nothing."""

    def test_second_time(self):
        counter = self.count(lambda handler, body: answer(handler, 200, png(5, 4), "image/png"))
        for name in ("a.png", "b.png"):
            self.assertEqual(self.generate("--cache", "kept", "--seed", "7", "-o", name), 0, self.err)
        self.assertEqual(len(counter.posts), 1)
        self.assertEqual(self.read("a.png"), self.read("b.png"))
        self.assertIn("from the cache, nothing billed", self.err)
        self.assertEqual(self.generate("--cache", "kept", "--seed", "7", "--json"), 0)
        value = self.json()
        self.assertEqual((value["cached"], value["charge_usd"], value["charge"]), (True, "0", "none"))
        self.assertEqual(self.generate("--cache", "kept", "--seed", "8"), 0)
        self.assertEqual(len(counter.posts), 2)

    def test_a_folder_that_cannot_be(self):
        counter = self.count(answer_picture)
        self.write("file", b"")
        self.assertEqual(self.generate("--cache", os.path.join("file", "kept")), 9)
        self.assertIn("--cache", self.err)
        self.assertEqual(counter.posts, [])
