# SPDX-License-Identifier: MIT
"""The command at servers under the desk and at OpenAI's wire, as the sandbox speaks them."""
import base64
import json
import os
import pty
import re
import signal
import time
import urllib.request

from cli_support import CliTest, Sandbox, answer_picture, png


class LocalTest(CliTest):
    """desk is Automatic1111 with a password, cpp stable-diffusion.cpp, oa the images API; dead is nobody."""

    DRAWING = "0"

    def setUp(self):
        super().setUp()
        cls = type(self)
        if cls.sandbox is None:
            cls.sandbox = Sandbox(CliTest.apipie, "--drawing-time", cls.DRAWING, "--basic", "ada:pass")
            cls.addClassCleanup(cls.sandbox.stop)
        self.env.update(cls.sandbox.env, DESK_KEY="ada:pass", OA_KEY=cls.sandbox.env["OPENAI_API_KEY"],
                        BAD_KEY="sk-nobodys-key")
        root = self.env["APIPIE_BASE_URL"][:-len("/v1")]
        self.write("config.json", json.dumps({"backends": [
            {"name": "desk", "dialect": "a1111", "base_url": root + "/a1111", "key_env": "DESK_KEY"},
            {"name": "cpp", "dialect": "sdcpp", "base_url": root + "/sdcpp"},
            {"name": "oa", "dialect": "openai", "base_url": root + "/openai/v1", "key_env": "OA_KEY"},
            {"name": "bad", "dialect": "openai", "base_url": root + "/openai/v1", "key_env": "BAD_KEY"},
            {"name": "dead", "dialect": "sdcpp", "base_url": "http://127.0.0.1:9"}]}).encode())

    def draw(self, backend, *arguments, code=0, command="generate"):
        self.assertEqual(self.run_cli(command, "a lake", "--config", "config.json", "--backend", backend, "-o", "x.png",
                                      *arguments), code, self.err)

    def again(self, *arguments, code=0):
        self.assertEqual(self.run_cli("again", "x.png.json", "--config", "config.json", "-o", "y.png", *arguments), code,
                         self.err)

    def recipe(self):
        return json.loads(self.read("x.png.json"))


class Local(LocalTest):
    """One that draws at once: what is said of it, recipes, batches."""

    def test_what_is_free_is_called_so(self):
        for backend in ("desk", "cpp"):
            self.draw(backend, "-s", "64x64")
            self.assertIn(" \u00b7 free \u00b7 %s" % backend, self.err)
        self.draw("oa", "-s", "256x256")
        self.assertIn(" \u00b7 cost unknown \u00b7 oa", self.err)

    def test_options_by_their_names(self):
        self.draw("oa", "--cfg-scale", "5", code=2)
        self.assertIn("apipie: --cfg-scale: servers of this kind do not take it: openai\n", self.err)
        self.draw("oa", "--cfg-scale", "5", "-s", "256x256", "--unsupported", "drop")
        self.assertIn("warning: --cfg-scale: the server does not take it: left out\n", self.err)
        self.draw("oa", "--cfg-scale", "5", "-s", "256x256", "--unsupported", "drop", "--json")
        self.assertEqual(self.json()["warnings"], ["--cfg-scale: the server does not take it: left out"])
        self.write("no.png", b"text")
        self.draw("desk", "--image", "no.png", code=2)
        self.assertIn("apipie: --image: the bytes are no PNG", self.err)

    def test_the_key_of_another_backend(self):
        self.draw("bad", code=3)
        self.assertIn("\"key_env\"", self.err)
        self.assertNotIn("APIPIE_API_KEY", self.err)
        self.assertNotIn(self.env["BAD_KEY"], self.err)

    def test_tables_name_the_backend(self):
        more = ["--stats", "f.stats", "--health", "f.health", "--ledger", "f.jsonl", "-s", "256x256"]
        self.draw("desk", "-p", "lab", "-m", "dreamshaper_8", *more)
        self.draw("cpp", *more)
        self.draw("oa", "--budget", "1", "--price", "0.02", *more)
        self.draw("apipie", *more)
        names = ["desk/lab/dreamshaper_8", "cpp/any", "oa/any", "prodia/sd_xl_base_1.0"]
        self.assertEqual(self.run_cli("stats", "--file", "f.stats"), 0, self.err)
        self.assertCountEqual([line.split()[0] for line in self.out.decode().splitlines()[1:-1]], names)
        self.assertEqual(self.run_cli("health", "--file", "f.health"), 0, self.err)
        for name in (*names, "desk/lab", "cpp", "oa", "prodia"):
            self.assertRegex(self.out.decode(), r"(?m)^ %s[+~]? " % name[:24])
        self.assertEqual(self.run_cli("history", "--ledger", "f.jsonl", "--local"), 0, self.err)
        self.assertRegex(self.out.decode(), r"(?m)^ \S+ \S+ oa +\S")

    def test_strength_of_nothing(self):
        self.draw("desk", "--strength", "0.5", code=2)
        self.assertIn("--strength needs --image", self.err)

    def test_an_unknown_dialect(self):
        self.write("config.json", b'{"backends":[{"name":"a","dialect":"comfy","base_url":"http://127.0.0.1:1"}]}')
        self.assertEqual(self.run_cli("backends", "--config", "config.json"), 2)
        self.assertIn("hint: it speaks openai, a1111, sdcpp, together, deepinfra, bedrock, prodia, stability, "
                      "and the gateway's: apipie\n", self.err)

    def test_a_recipe_with_pictures(self):
        self.write("in.png", png(64, 64))
        asked = {"prompt": "a lake", "model": "dreamshaper_8", "size": "64x64", "seed": 9, "steps": 8, "cfg_scale": 7.1,
                 "strength": 0.1, "sampler": "Euler a", "tiling": True}
        self.draw("desk", "-m", "dreamshaper_8", "-s", "64x64", "--seed", "9", "--steps", "8", "--cfg-scale", "7.1",
                  "--strength", "0.1", "--sampler", "Euler a", "--extra", "tiling=true", "--image", "in.png", "--mask",
                  "in.png", "--recipe")
        self.assertEqual(self.recipe()["parameters"], asked)
        self.assertIn(b'"cfg_scale":7.1,"strength":0.1,', self.read("x.png.json"))
        self.again()
        self.assertEqual(self.read("y.png"), self.read("x.png"))
        self.again("--backend", "cpp")
        self.assertIn(" \u00b7 cpp", self.err)

    def test_a_recipe_with_a_picture_by_url(self):
        url = "data:image/png;base64," + base64.b64encode(png(64, 64)).decode()
        self.draw("desk", "-s", "64x64", "--seed", "3", "--strength", "0.5", "--image", url, "--mask", url, "--recipe")
        self.assertEqual((self.recipe()["parameters"]["image"], self.recipe()["input"]), (url, None))
        self.again()
        self.assertEqual(self.read("y.png"), self.read("x.png"))

    def test_a_recipe_of_several(self):
        self.draw("cpp", "-n", "2", "-s", "64x64", "--recipe")
        self.assertEqual(self.recipe()["parameters"], {"prompt": "a lake", "n": 2, "size": "64x64"})
        self.again("--json")
        self.assertEqual(len(self.json()["images"]), 2)

    def test_a_recipe_of_a_stream(self):
        self.draw("oa", "-m", "gpt-image-1", "--stream", "--output-format", "png", "--recipe")
        self.assertEqual(self.recipe()["parameters"], {"prompt": "a lake", "model": "gpt-image-1", "output_format": "png"})
        self.again()
        self.assertIn(" \u00b7 oa", self.err)

    def test_a_recipe_asks_nobody_else(self):
        self.draw("cpp", "-s", "64x64", "--recipe")
        gateway = self.count(answer_picture)
        self.env["APIPIE_BASE_URL"] = gateway.url
        self.again("--backend", "dead", "--retries", "0", code=6)
        recipe = self.recipe()
        self.assertIsNone(recipe["model"])
        recipe["backend"] = "dead"
        self.write("x.png.json", json.dumps(recipe).encode())
        self.again("--retries", "0", code=6)
        del recipe["parameters"]["size"]
        recipe["backend"] = "apipie"
        self.write("x.png.json", json.dumps(recipe).encode())
        self.again("--backend", "dead", "--retries", "0", code=6)
        self.assertEqual(gateway.posts, [])
        self.again()
        self.assertEqual([json.loads(post) for post in gateway.posts], [{"prompt": "a lake"}])

    def test_the_gateways_extras_stay_extras(self):
        gateway = self.count(answer_picture)
        self.env["APIPIE_BASE_URL"] = gateway.url
        self.draw("apipie", "--extra", 'sampler="Euler"', "--recipe")
        self.again()
        self.assertEqual([json.loads(post)["sampler"] for post in gateway.posts], ["Euler", "Euler"])

    def test_drawn_behind_a_dead_server(self):
        self.assertEqual(self.run_cli("generate", "a lake", "--config", "config.json", "--route", "dead//", "--route",
                                      "apipie/prodia/sd_xl_base_1.0", "--sampler", "Euler", "--unsupported", "drop", "-s",
                                      "64x64", "--seed", "4", "-o", "x.png", "--recipe", "--retries", "0"), 0, self.err)
        self.assertEqual(self.recipe()["parameters"], {"prompt": "a lake", "size": "64x64", "seed": 4})
        self.again()
        self.assertEqual(self.read("y.png"), self.read("x.png"))

    def test_batch(self):
        self.write("b.txt", b'{"prompt":"a","sampler":"Euler","size":"64x64"}\n'
                            b'{"prompt":"b","output_format":"png","size":"64x64"}\n{"prompt":"c","output_format":"gif"}\n')
        self.assertEqual(self.run_cli("generate", "--batch", "b.txt", "--config", "config.json", "--backend", "cpp"), 2)
        lines = sorted(map(json.loads, self.out.splitlines()), key=lambda line: line["index"])
        self.assertEqual([line["ok"] for line in lines], [True, True, False])
        self.assertEqual(lines[2]["error"]["message"], "output_format takes png, jpeg or webp")
        self.assertRegex(self.err, r"2 done, 1 failed \u00b7 \$0 \u00b7 \d")

    def test_batch_of_unknown_cost(self):
        self.write("b.txt", b"a\nb\n")
        self.assertEqual(self.run_cli("generate", "--batch", "b.txt", "--config", "config.json", "--backend", "oa", "-s",
                                      "256x256"), 0, self.err)
        self.assertRegex(self.err, r"2 done, 0 failed \u00b7 \$0 \u00b7 2 at unknown cost \u00b7 \d")

    def test_sandbox_options(self):
        for arguments in (["--basic", "ada"], ["--basic", ":x"], ["--basic", "u" * 300 + ":p"],
                          ["--drawing-time", "-1"], ["--drawing-time", "600001"]):
            self.assertEqual(self.run_cli("sandbox", *arguments), 2)
            self.assertIn(arguments[0], self.err)
        del self.env["DESK_KEY"]
        self.assertEqual(self.run_cli("generate", "x", "--config", "config.json", "--backend", "desk"), 2)
        self.env["DESK_KEY"] = "ada:wrong"
        self.draw("desk", code=3)
        self.assertIn("user:password", self.err)


class LocalSlow(LocalTest):
    """One that draws for ten minutes: progress, Ctrl-C, a time limit."""

    DRAWING = "600000"

    def is_drawing(self):
        request = urllib.request.Request(self.env["APIPIE_BASE_URL"][:-len("/v1")] + "/a1111/sdapi/v1/progress")
        request.add_header("Authorization", "Basic " + base64.b64encode(b"ada:pass").decode())
        with urllib.request.urlopen(request, timeout=20) as reply:
            return json.load(reply)["state"]["job_count"] != 0

    def start(self, **more):
        return self.popen("generate", "a lake", "--config", "config.json", "--backend", "desk", "-s", "64x64", "-o",
                          "x.png", **more)

    def wait_until(self, drawing):
        while self.is_drawing() is not drawing:  # the test's own time limit ends it
            time.sleep(0.02)

    def test_ctrl_c_stops_the_server(self):
        with self.start() as process:
            self.wait_until(True)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        self.assertEqual((process.returncode, out, err.decode()), (130, b"", "apipie: cancelled\nNothing was billed.\n"))
        self.wait_until(False)
        self.assertEqual(self.files(), ["config.json"])

    def test_progress_on_a_terminal(self):
        try:
            main, other = pty.openpty()
        except OSError as problem:  # a container may have none
            self.skipTest(f"no pseudo-terminal: {problem}")
        self.addCleanup(os.close, main)
        with self.start(stderr=other) as process:
            os.close(other)
            said = b""
            while not re.search(rb"drawing \d+\.\d s +\d+ % ", said):
                said += os.read(main, 4096)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        self.assertEqual(process.returncode, 130)
        self.wait_until(False)

    def test_time_limits(self):
        for backend, where in (("desk", "before a byte of the reply came"), ("cpp", "while the server drew")):
            self.draw(backend, "--timeout", "1", "--retries", "0", code=6)
            self.assertEqual(self.err, "apipie: the time limit passed %s\nhint: raise the time limit\n"
                                       "Nothing was billed.\n" % where)
        self.wait_until(False)
