# SPDX-License-Identifier: MIT
"""--recipe and `apipie again`: what made a picture, and the same picture again."""
import base64
import hashlib
import json
import os

from cli_support import KEY, CliTest, answer, answer_picture, png

KEYS = ["apipie_recipe", "library", "file", "image", "of", "created", "base_url", "backend", "provider", "model",
        "seed", "seed_served", "cost_usd", "charge_usd", "charge", "cached", "request_id", "revised_prompt",
        "parameters", "input", "mask"]
BIG = 18446744073709551615
DOT = base64.b64encode(png()).decode()


class Recipe(CliTest):
    """IMAGE.json says it all, and never replaces what is no recipe."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def recipe(self, name):
        return json.loads(self.read(name))

    def test_content(self):
        self.assertEqual(self.generate("-s", "64x64", "-o", "x.png", "--recipe", "--seed", str(BIG), "--cfg-scale",
                                       "7.5", "--extra", "deep=[1e40, 0.10]"), 0, self.err)
        self.assertEqual((self.out, self.files()), (b"x.png\n", ["x.png", "x.png.json"]))
        value = self.recipe("x.png.json")
        self.assertEqual(list(value), KEYS)
        self.assertEqual((value["apipie_recipe"], value["file"], value["image"], value["of"]), (1, "x.png", 1, 1))
        self.assertEqual((value["provider"], value["model"], value["backend"]),
                         ("prodia", "sd_xl_base_1.0", "apipie"))
        self.assertEqual((value["seed"], value["cost_usd"], value["input"]), (BIG, "0.004", None))
        self.assertEqual(value["base_url"], self.env["APIPIE_BASE_URL"])
        self.assertRegex(value["created"], r"\A20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        self.assertEqual((value["parameters"]["seed"], value["parameters"]["size"]), (BIG, "64x64"))
        self.assertIn(b'"deep":[1e40, 0.10]', self.read("x.png.json"))
        self.assertTrue(value["request_id"])
        self.assertNotIn(self.env["APIPIE_API_KEY"].encode(), self.read("x.png.json"))

    def test_several(self):
        self.assertEqual(self.generate("-s", "64x64", "-o", "x.png", "--recipe", "-n", "2"), 0, self.err)
        self.assertEqual(self.files(), ["x-2.png", "x-2.png.json", "x.png", "x.png.json"])
        self.assertEqual([(self.recipe(name)["file"], self.recipe(name)["image"]) for name in
                          ("x.png.json", "x-2.png.json")], [("x.png", 1), ("x-2.png", 2)])

    def test_own_name(self):
        self.assertEqual(self.generate("-s", "64x64", "--recipe"), 0, self.err)
        name = self.out.decode().strip()
        self.assertEqual(self.files(), sorted([name, name + ".json"]))

    def test_replaces_a_recipe_with_its_picture(self):
        for seed in ("1", "2"):
            self.assertEqual(self.generate("-s", "64x64", "-o", "x.png", "--recipe", "--seed", seed), 0, self.err)
        self.assertEqual(self.recipe("x.png.json")["seed"], 2)
        self.assertEqual(self.fault("status:500", "-o", "x.png", "--recipe", "--seed", "3"), 7)
        self.assertEqual((self.files(), self.recipe("x.png.json")["seed"]), (["x.png", "x.png.json"], 2))

    def test_leaves_other_files(self):
        counter = self.count(answer_picture)
        for name in ("x.png.json", "x-2.png.json"):
            self.write(name, b'{"mine":1}')
            self.assertEqual(self.generate("-o", "x.png", "--recipe", "-n", "2"), 9)
            self.assertIn(name, self.err)
            self.assertEqual((self.files(), self.read(name)), ([name], b'{"mine":1}'))
            os.unlink(os.path.join(self.folder, name))
        self.assertEqual(counter.posts, [])

    def test_a_name_of_ours_meets_a_file(self):
        self.write("fox.png.json", b"mine")
        self.assertEqual(self.run_cli("generate", "fox", "-s", "64x64", "--recipe"), 9)
        self.assertIn("the picture is there all the same", self.err)
        self.assertEqual((self.out, self.files()), (b"fox.png\n", ["fox.png", "fox.png.json"]))
        self.assertEqual(self.read("fox.png.json"), b"mine")

    def test_no_place_for_it(self):
        counter = self.count(answer_picture)
        for output in ("-", "/dev/null", "/dev/stdout"):
            self.assertEqual(self.generate("--recipe", "-o", output), 2, output)
            self.assertIn("--recipe", self.err)
        self.assertEqual(counter.posts, [])

    def test_input_image(self):
        self.write("in.png", png(7, 5))
        self.assertEqual(self.generate("-s", "64x64", "--image", "in.png", "-o", "x.png", "--recipe"), 0, self.err)
        self.assertEqual(self.recipe("x.png.json")["input"], {
            "path": "in.png", "bytes": len(png(7, 5)), "sha256": hashlib.sha256(png(7, 5)).hexdigest()})
        self.assertIsNone(self.recipe("x.png.json")["mask"])


class Again(CliTest):
    """The same parameters, route and seed, in a new file; the command line wins."""

    def make(self, *arguments):
        self.assertEqual(self.generate("-o", "x.png", "--recipe", *arguments), 0, self.err)

    def again(self, *arguments, code=0):
        self.assertEqual(self.run_cli("again", "x.png.json", *arguments), code, self.err)

    def posted(self, reply=answer_picture):
        counter = self.count(reply)
        return lambda: json.loads(counter.posts[-1])

    def test_the_same_picture(self):
        self.use_sandbox()
        self.make("-s", "64x48", "--seed", "7", "--style", "vivid", "--negative", "rain")
        self.again()
        name = self.out.decode().strip()
        self.assertNotEqual(name, "x.png")
        self.assertEqual(self.read(name), self.read("x.png"))
        self.again("-o", "y.png", "--seed", "8")
        self.assertNotEqual(self.read("y.png"), self.read("x.png"))

    def test_several_without_seeds_of_their_own(self):
        self.use_sandbox()
        self.make("-s", "64x64", "--seed", "7", "-n", "2")
        self.assertEqual(self.run_cli("again", "x-2.png.json", "-o", "y.png"), 0, self.err)
        self.assertEqual((self.read("y.png"), self.read("y-2.png")), (self.read("x.png"), self.read("x-2.png")))

    def test_same_request(self):
        last = self.posted()
        self.make("-m", "m", "-p", "p", "-s", "640x480", "-q", "hd", "--style", "vivid", "--negative", "rain",
                  "--seed", str(BIG), "--steps", "30", "--cfg-scale", "0.00001", "--format", "b64_json", "--extra",
                  'deep={"k":[1,"\\u00e9"]}', "--extra", 'user="u"', "--image", "https://example.com/a.png")
        sent = last()
        self.again()
        self.assertEqual(last(), sent)

    def test_route_as_served(self):
        last = self.posted(lambda handler, body: answer(handler, 200, {
            "provider": "together", "model": "b", "data": [{"url": None, "b64_json": DOT}]}))
        self.make("-m", "a")
        self.again()
        self.assertEqual((last()["provider"], last()["model"]), ("together", "b"))
        self.again("-m", "c")
        self.assertEqual((last().get("provider"), last()["model"]), (None, "c"))
        self.again("-p", "prodia")
        self.assertEqual((last()["provider"], last()["model"]), ("prodia", "b"))

    def test_seed_as_served(self):
        last = self.posted(lambda handler, body: answer(handler, 200, {
            "data": [{"b64_json": DOT, "seed": seed} for seed in (41, BIG)]}))
        self.make("-n", "2", "--extra", "seed=-1")
        self.assertEqual(json.loads(self.read("x-2.png.json"))["seed"], BIG)
        self.assertEqual(self.run_cli("again", "x-2.png.json", "-o", "y.png"), 0, self.err)
        self.assertEqual((last()["n"], last()["seed"]), (1, BIG))

    def test_no_seed(self):
        last = self.posted()
        self.make()
        self.again()
        self.assertIn("no seed", self.err)
        self.assertNotIn("seed", last())

    def test_the_command_line_wins(self):
        last = self.posted()
        self.make("-s", "64x64", "--seed", "1", "--steps", "9")
        self.again("-n", "2", "-s", "32x32", "--seed", "5", "-o", "z.png", "--extra", "k=1")
        self.assertEqual((last()["n"], last()["size"], last()["seed"], last()["steps"], last()["k"]),
                         (2, "32x32", 5, 9, 1))

    def test_values_that_are_no_options(self):
        last = self.posted()
        self.make("--extra", 'size="auto"', "--extra", "seed=-1")
        self.again()
        self.assertEqual((last()["size"], last()["seed"]), ("auto", -1))

    def test_input_image(self):
        last = self.posted()
        self.write("in.png", png(7, 5))
        self.make("--image", "in.png")
        sent = last()
        self.again()
        self.assertEqual(last(), sent)
        self.write("in.png", png(7, 6))
        self.again(code=9)
        self.assertIn("--image", self.err)
        self.again("--image", "in.png")
        self.assertNotEqual(last(), sent)

    def test_mask(self):
        last = self.posted()
        self.write("in.png", png(7, 5))
        self.write("mask.png", png(5, 7))
        self.make("--image", "in.png", "--mask", "mask.png", "--strength", "0.25")
        sent = last()
        self.assertEqual(sent["strength"], 0.25)
        self.again()
        self.assertEqual(last(), sent)
        self.write("mask.png", png(7, 7))
        self.again(code=9)
        self.assertIn("--mask", self.err)
        self.again("--mask", "mask.png", "--strength", "1")
        self.assertNotEqual(last()["mask"], sent["mask"])
        self.assertEqual(last()["strength"], 1)

    def test_the_key_goes_where_we_say(self):
        first = self.count(answer_picture)
        self.make("--seed", "1")
        self.assertEqual(first.headers[0]["Authorization"], "Bearer " + KEY)
        second = self.count(answer_picture)
        self.again()
        self.assertEqual((len(first.posts), len(second.posts)), (1, 1))

    def test_recipe_of_again(self):
        self.posted()
        self.make("--seed", "1", "-s", "8x8")
        self.again("--recipe", "-o", "y.png")
        one, two = (json.loads(self.read(name + ".json"))["parameters"] for name in ("x.png", "y.png"))
        self.assertEqual(one, two)

    def test_bad_recipes(self):
        last = self.count(answer_picture)
        for text, word in (('{"apipie_recipe":2,"new":1}', "later version"), ("{}", "no recipe"), ("[1]", "no recipe"),
                           ('{"apipie_recipe":1,"parameters":{"prompt":"x"},"frob":1}', "unknown member: frob"),
                           ('{"apipie_recipe":1,"parameters":{"prompt":"x"},"input":{"x":1}}', "unknown member: x"),
                           ('{"apipie_recipe":1,"parameters":{}}', "no prompt"), ('{"apipie_recipe":1}', "parameters"),
                           ('{"apipie_recipe":1,"parameters":{"prompt":"x"},"seed":-3}', "seed"),
                           ('{"apipie_recipe":1,"parameters":{"prompt":"x"},"seed":"1"}', "seed"),
                           ('{"apipie_recipe":1,"backend":7}', "its backend is none"),
                           ('{"apipie_recipe":1,"parameters":{"prompt":"a\\u0000b"}}', "prompt"),
                           ('{"apipie_recipe":1,}', "JSON"), ('{"apipie_recipe":1} x', "JSON"),
                           ("[" * 100 + "]" * 100, "deep"), ('{"a":"\\ud800"}', "JSON"), ('{"a":01}', "JSON")):
            self.write("x.png.json", text.encode())
            self.again("--json", code=2)
            self.assertIn(word, self.error()["message"])
        self.write("x.png.json", b'{"a":"\xff"}')
        self.again(code=2)
        self.assertIn("UTF-8", self.err)
        self.assertEqual(last.posts, [])

    def test_usage(self):
        self.assertEqual(self.run_cli("again"), 2)
        self.assertEqual(self.run_cli("again", "-"), 2)
        self.assertEqual(self.run_cli("again", "none.json"), 9)
        self.assertEqual(self.run_cli("again", "none.json", "--batch", "x"), 2)
