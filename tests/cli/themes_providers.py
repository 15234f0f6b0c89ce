# SPDX-License-Identifier: MIT
"""The command at the providers' own wires, as the sandbox speaks them."""
import json

from cli_support import CliTest

KEY = "sk-pie-sandbox"
AWS = "AKIASANDBOXEXAMPLE:pie/sandbox+secret"
MODELS = {"together": "black-forest-labs/FLUX.1-schnell", "deepinfra": "stability-ai/sdxl",
          "bedrock": "stability.sd3-5-large-v1:0", "signed": "stability.sd3-5-large-v1:0",
          "prodia": "inference.sdxl.txt2img.v1", "prodia-v1": "dreamshaper_8", "stability": "core"}


class Providers(CliTest):

    def setUp(self):
        super().setUp()
        self.use_sandbox()
        self.env.update(BOX_KEY=KEY, AWS_KEY=AWS)
        root = self.env["APIPIE_BASE_URL"][:-len("/v1")]
        places = {"prodia": "/prodia/v2", "prodia-v1": "/prodia/v1", "together": "/together/v1"}
        backends = [{"name": name, "dialect": name.split("-")[0], "base_url": root + places.get(name, "/" + name),
                     "key_env": "BOX_KEY"} for name in MODELS if name != "signed"]
        backends.append({"name": "signed", "dialect": "bedrock", "key_env": "AWS_KEY",
                         "base_url": root.replace("127.0.0.1", "bedrock-runtime.us-east-1.localhost") + "/bedrock"})
        self.write("c.json", json.dumps({"backends": backends}).encode())

    def ask(self, command, backend, *arguments, code=0):
        model = () if command in ("again", "models", "upload") else ("-m", MODELS[backend])
        self.assertEqual(self.run_cli(command, *arguments, *model, "--config", "c.json", "--backend", backend), code,
                         self.err)

    def test_again(self):
        for backend in MODELS:
            self.ask("generate", backend, "a lake", "-o", "x.png", "--recipe")
            recipe = json.loads(self.read("x.png.json"))
            self.assertEqual(recipe["backend"], backend)
            self.assertNotIn("unsupported", recipe)
            self.assertEqual(self.run_cli("again", "x.png.json", "-o", "y.png", "--config", "c.json"), 0, self.err)
            if recipe["seed"] is not None:
                self.assertEqual(self.read("x.png"), self.read("y.png"), backend)

    def test_what_was_left_out_is_left_out_again(self):
        self.ask("generate", "stability", "a lake", "-s", "1000x700", "-o", "x.png", code=2)
        self.ask("generate", "stability", "a lake", "-s", "1000x700", "--unsupported", "nearest", "-o", "x.png", "--recipe")
        recipe = json.loads(self.read("x.png.json"))
        self.assertEqual(recipe["unsupported"], "nearest")
        self.ask("again", "stability", "x.png.json", "-o", "y.png")
        self.assertIn("became 3:2", self.err)
        self.ask("again", "stability", "x.png.json", "-o", "y.png", "--unsupported", "refuse", code=2)
        self.ask("again", "prodia", "x.png.json", "-m", MODELS["prodia"], "-o", "y.png", "--unsupported", "drop")
        for bad in ("guess", "", 1):
            self.write("x.png.json", json.dumps(dict(recipe, unsupported=bad)).encode())
            self.ask("again", "stability", "x.png.json", "-o", "y.png", code=2)

    def test_estimate(self):
        for backend, cost in (("together", b"0.01 USD, listed\n"), ("deepinfra", b"0.004 USD, listed\n"),
                              ("stability", b"0.03 USD, published\n"), ("bedrock", b"unknown\n"), ("prodia", b"unknown\n"),
                              ("prodia-v1", b"unknown\n")):
            self.ask("estimate", backend)
            self.assertEqual(self.out, cost, backend)
        self.assertEqual(self.run_cli("estimate", "--config", "c.json", "--route", "stability//core"), 0, self.err)
        self.assertEqual(self.out, b"0.03 USD, published\n")
        self.env["BOX_KEY"] = "sk-wrong"
        self.ask("estimate", "together", code=3)
        self.ask("estimate", "together", "--price", "0.5")

    def test_what_they_have_not(self):
        self.ask("models", "bedrock", code=2)
        self.assertIn("no list of models: bedrock", self.err)
        self.ask("generate", "stability", "a lake", "-o", "x.png")
        self.ask("upload", "stability", "x.png", code=2)
        self.assertIn("no uploads: stability", self.err)
        self.assertEqual(self.run_cli("history", "--config", "c.json", "--backend", "together"), 2, self.err)
        self.assertIn("no history of bills: together", self.err)

    def test_names_are_whole(self):
        self.assertEqual(self.run_cli("backends", "--config", "c.json"), 0, self.err)
        for dialect in (b" deepinfra ", b" stability "):
            self.assertIn(dialect, self.out)
