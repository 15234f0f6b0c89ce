# SPDX-License-Identifier: MIT
"""Several backends: the configuration file, --backend, --route, `apipie backends`, `apipie edit`, --stream."""
import base64
import json
import os
import time

from cli_support import KEY, PROMPT, CliTest, Counter, Sandbox, answer, answer_picture, png

DEAD = "http://127.0.0.1:9/v1"
SECRET = "sk-desk-secret"


class ConfigTest(CliTest):
    """A configuration of the test's own, and no gateway that could be asked."""

    def setUp(self):
        super().setUp()
        self.env["XDG_CONFIG_HOME"] = os.path.join(self.folder, "xdg")
        self.env["DESK_KEY"] = SECRET

    def configure(self, value, path="xdg/apipie/config.json"):
        os.makedirs(os.path.dirname(os.path.join(self.folder, path)) or ".", exist_ok=True)
        text = value if isinstance(value, (str, bytes)) else json.dumps(value)
        return self.write(path, text if isinstance(text, bytes) else text.encode())

    def server(self, reply=answer_picture):
        """Another server, which counts."""
        counter = Counter(reply)
        self.addCleanup(counter.stop)
        return counter

    def desk(self, counter=None, **more):
        return {"name": "desk", "dialect": "apipie", "base_url": counter.url if counter else DEAD, **more}

    def keyless(self):
        del self.env["APIPIE_API_KEY"]

    def pictures(self):
        return [name for name in self.files() if name != "xdg"]


class Config(ConfigTest):
    """What is wrong with the file is said with its place, with exit 2, before anything is sent."""

    def refused(self, text, *arguments):
        self.configure(text)
        counter = self.count(answer_picture)
        self.assertEqual(self.run_cli("generate", "x", "--json", *arguments), 2, self.err)
        error = self.error()
        self.assertEqual((error["code"], self.err, counter.posts), ("config", "", []))
        self.assertIn(os.path.join(self.folder, "xdg/apipie/config.json") + ":", error["message"])
        return error["message"]

    def test_grammar(self):
        for text, place in (("{", ":1: "), ("{\n \"backends\": [\n 1,]}", ":3: "), ("[]", ":1: "), ("{} x", ":1: "),
                            (b"{\n\"\xff\":1}", ":2: "), ("{\"a\":01}", ":1: ")):
            self.assertIn("config.json" + place, self.refused(text))

    def test_members(self):
        good = '"name":"a","dialect":"apipie","base_url":"http://127.0.0.1:9"'
        for text, where, word in (
                ('{"colour":1}', ":1: ", 'unknown member "colour"'),
                ('{"backends":{}}', "backends: ", "a list"),
                ('{"backends":[],\n"backends":[]}', ":2: backends: ", "twice"),
                ('{"backends":[7]}', "backends[0]: ", "an object"),
                ('{"backends":[{%s},\n{"name":"b"}]}' % good, ":2: backends[1]: ", '"dialect" is missing'),
                ('{"backends":[{"dialect":"apipie"}]}', "backends[0]: ", '"name" is missing'),
                ('{"backends":[{"name":"b","dialect":"apipie"}]}', "backends[0]: ", '"base_url" is missing'),
                ('{"backends":[{%s,"colour":1}]}' % good, "backends[0]: ", 'unknown member "colour"'),
                ('{"backends":[{%s,"name":"b"}]}' % good, "backends[0].name: ", "twice"),
                ('{"backends":[{"name":7}]}', "backends[0].name: ", "a text"),
                ('{"backends":[{"name":"a b"}]}', "backends[0].name: ", "letters"),
                ('{"backends":[{"name":"%s"}]}' % ("a" * 65), "backends[0].name: ", "letters"),
                ('{"backends":[{%s},{%s}]}' % (good, good), "backends[1]: ", "another backend has that name"),
                ('{"backends":[{"name":"apipie","dialect":"apipie","base_url":"http://127.0.0.1:9"}]}',
                 "backends[0]: ", "the gateway's own"),
                ('{"backends":[{%s,"retry":"sometimes"}]}' % good, "backends[0].retry: ", "safe, always or never"),
                ('{"backends":[{%s,"retry":"safe","retries":21}]}' % good, "backends[0].retries: ", "0 to 20"),
                ('{"backends":[{%s,"retry":"safe","retries":"2"}]}' % good, "backends[0].retries: ", "0 to 20"),
                ('{"backends":[{%s,"retry":"safe","retries":-1}]}' % good, "backends[0].retries: ", "0 to 20"),
                ('{"backends":[{%s,"retry":"safe","retries":1.5}]}' % good, "backends[0].retries: ", "0 to 20"),
                ('{"backends":[{%s,"retries":2}]}' % good, "backends[0]: ", 'goes with "retry"'),
                ('{"default_backend":"b"}', "default_backend: ", "no such backend"),
                ('{"default_backend":null}', "default_backend: ", "a text"),
                ('{"routes":["b//"]}', "routes[0]: ", "no such backend"),
                ('{"routes":["apipie//","sd"]}', "routes[1]: ", "BACKEND/PROVIDER/MODEL"),
                ('{"routes":["//\\u0000"]}', "routes[0]: ", "U+0000"),
                ('{"routes":[%s]}' % ",".join(['"//"'] * 33), "routes[32]: ", "more routes")):
            message = self.refused(text)
            self.assertIn(where, message)
            self.assertIn(word, message)

    def test_values_that_the_library_refuses(self):
        for dialect, url, word in (("klingon", DEAD, "[0].dialect: "), ("apipie", "nonsense", "[0].base_url: "),
                                   ("apipie", "ftp://x", "[0].base_url: "),
                                   ("apipie", "http://ada:%s@127.0.0.1" % SECRET, "[0].base_url: "),
                                   ("apipie", "http://192.168.7.7:7860", "goes to this machine only")):
            message = self.refused('{"backends":[\n{"name":"a","dialect":"%s","base_url":"%s"}]}' % (dialect, url))
            self.assertIn(":2: backends[0]", message)
            self.assertIn(word, message)
            self.assertNotIn(SECRET, message)

    def test_keys_stay_out_of_the_file(self):
        for member in ('"key":"%s"' % SECRET, '"key_env":"%s"' % SECRET):
            self.configure('{"backends":[{"name":"a",%s}]}' % member)
            self.assertEqual(self.run_cli("generate", "x"), 2)
            self.assertIn("key_env", self.err)
            self.assertNotIn(SECRET, self.err)
        self.configure({"backends": [self.desk(key_env="DESK_KEY")]})
        self.env["DESK_KEY"] = "two words\n"
        self.assertEqual(self.run_cli("generate", "x"), 2)
        self.assertIn("DESK_KEY holds no key", self.err)
        self.assertNotIn("two words", self.err)

    def test_where_it_is(self):
        self.count(answer_picture)
        self.assertEqual(self.run_cli("generate", "x", "-o", "x.png"), 0, self.err)  # none is fine
        path = self.configure("{", "other.json")
        self.assertEqual(self.run_cli("backends", "--config", "other.json"), 2)
        self.assertIn("other.json:1: ", self.err)
        self.assertEqual(self.run_cli("backends", "--config", "none.json"), 2)
        self.assertIn("--config: cannot read none.json", self.err)
        self.configure("{", ".config/apipie/config.json")
        for folder, code in ((None, 2), ("relative", 2), (os.path.join(self.folder, "none"), 0)):
            self.env.pop("XDG_CONFIG_HOME", None)
            if folder is not None:
                self.env["XDG_CONFIG_HOME"] = folder
            self.env["HOME"] = self.folder
            self.assertEqual(self.run_cli("backends"), code, self.err)
        self.configure("{}", "other.json")
        self.env["XDG_CONFIG_HOME"] = self.folder
        self.assertEqual(self.run_cli("backends", "--json", "--config", path), 0, self.err)
        self.assertEqual(self.json()["config"], path)

    def test_a_file_that_cannot_be_read(self):
        os.makedirs(os.path.join(self.folder, "xdg/apipie/config.json"))
        self.assertEqual(self.run_cli("generate", "x", "--json"), 2)
        self.assertEqual(self.error()["code"], "config")
        self.assertIn("config.json", self.error()["message"])

    def test_the_sandbox_reads_none(self):
        self.configure("{")
        self.assertEqual(self.generate("--sandbox", "-s", "64x64", "-o", "x.png"), 0, self.err)
        self.assertEqual(self.generate("--sandbox", "--config", "x"), 2)
        self.assertEqual(self.generate("--sandbox", "--backend", "desk"), 2)


class Backends(ConfigTest):

    def test_list(self):
        self.configure({"backends": [self.desk(key_env="DESK_KEY", retry="always", retries=3),
                                     {"name": "n" * 64, "dialect": "apipie", "base_url": "http://127.0.0.1:9/" + "p" * 80,
                                      "key_env": "NOT_SET"}],
                        "default_backend": "desk", "routes": ["desk//sd", "apipie/prodia/" + "m" * 90]})
        self.assertEqual(self.run_cli("backends"), 0, self.err)
        lines = self.out.decode().splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertRegex(lines[1], r"^   apipie +apipie +set +http://127.0.0.1:9/v1$")
        self.assertRegex(lines[2], r"^ \* desk +apipie +set +http://127.0.0.1:9/v1$")
        self.assertRegex(lines[3], r"^   n+~ +apipie +not set http://127.0.0.1:9/p+~$")
        self.assertEqual(lines[4], "routes: desk//sd")
        self.assertIn("NOT_SET is not set", self.err)
        self.assertNotIn(SECRET, self.out.decode() + self.err)

    def test_json(self):
        self.configure({"backends": [self.desk(key_env="DESK_KEY", retry="always", retries=3)], "default_backend": "desk",
                        "routes": ["desk//sd"]})
        self.assertEqual(self.run_cli("backends", "--json"), 0, self.err)
        value = self.json()
        self.assertEqual(list(value), ["backends", "routes", "config"])
        self.assertEqual(value["backends"], [
            {"name": "apipie", "dialect": "apipie", "base_url": DEAD, "key_env": "APIPIE_API_KEY", "key_set": True,
             "default": False, "retry": None, "retries": None},
            {"name": "desk", "dialect": "apipie", "base_url": DEAD, "key_env": "DESK_KEY", "key_set": True,
             "default": True, "retry": "always", "retries": 3}])
        self.assertEqual(value["routes"], ["desk//sd"])
        self.assertNotIn(SECRET, self.out.decode())

    def test_an_address_with_a_password_is_not_shown(self):
        self.env["APIPIE_BASE_URL"] = "http://ada:%s@127.0.0.1/v1" % SECRET
        self.assertEqual(self.run_cli("backends"), 0, self.err)
        self.assertNotIn(SECRET, self.out.decode() + self.err)


class Places(ConfigTest):
    """Who is asked, and with which key."""

    def setUp(self):
        super().setUp()
        self.gateway = self.count(answer_picture)
        self.other = self.server()

    def set_up(self, **more):
        self.configure({"backends": [self.desk(self.other, key_env="DESK_KEY")], **more})

    def draw(self, *arguments, code=0):
        """Who was asked, and for what."""
        self.gateway.posts.clear()
        self.other.posts.clear()
        self.assertEqual(self.run_cli("generate", "x", *arguments), code, self.err)
        return [[(b.get("provider"), b.get("model")) for b in map(json.loads, posts)]
                for posts in (self.gateway.posts, self.other.posts)]

    def test_backend(self):
        self.set_up()
        self.assertEqual(self.draw(), [[("prodia", "sd_xl_base_1.0")], []])
        self.assertEqual(self.draw("--backend", "desk"), [[], [(None, None)]])
        self.assertIn(" \u00b7 desk \u00b7 ", self.err)
        self.assertEqual(self.other.headers[-1]["Authorization"], "Bearer " + SECRET)
        self.assertEqual(self.draw("--backend", "desk", "-m", "sd", "--json"), [[], [(None, "sd")]])
        self.assertEqual(self.json()["backend"], "desk")
        self.assertEqual(self.draw("--backend=apipie", "-m", "sd"), [[(None, "sd")], []])
        self.assertEqual(self.gateway.headers[-1]["Authorization"], "Bearer " + KEY)

    def test_default_backend(self):
        self.set_up(default_backend="desk")
        self.assertEqual(self.draw(), [[], [(None, None)]])
        self.assertEqual(self.draw("-m", "sd"), [[], [(None, "sd")]])
        self.assertEqual(self.draw("--backend", "apipie"), [[("prodia", "sd_xl_base_1.0")], []])
        self.assertEqual(self.draw("--base-url", self.gateway.url), [[("prodia", "sd_xl_base_1.0")], []])
        self.assertEqual(self.draw("--route", "//sd"), [[], [(None, "sd")]])

    def test_routes(self):
        self.set_up(routes=["desk//sd", "apipie/prodia/x"])
        self.assertEqual(self.draw(), [[], [(None, "sd")]])
        self.assertEqual(self.draw("-m", "own"), [[(None, "own")], []])
        self.assertEqual(self.draw("--route", "apipie/p/m"), [[("p", "m")], []])
        self.other = self.server(lambda handler, body: answer(handler, 404, {"error": {"message": "not here",
                                                                                    "code": "model_not_found"}}))
        self.set_up(routes=["desk//sd", "apipie/prodia/x"])
        self.assertEqual(self.draw(), [[("prodia", "x")], [(None, "sd")]])
        self.assertIn("note: desk//sd did not draw it", self.err)
        self.assertEqual(self.draw("--backend", "desk", code=4), [[], [(None, None)]])

    def test_from_a_dead_server_to_the_gateway(self):
        self.configure({"backends": [self.desk()], "routes": ["desk//sd", "apipie//sd"]})
        self.assertEqual(self.draw(), [[(None, "sd")], []])
        self.assertIn("note: desk//sd did not draw it: nothing answers there", self.err)
        self.assertEqual(self.draw("--json"), [[(None, "sd")], []])
        self.assertEqual([(a["backend"], a["outcome"]) for a in self.json()["attempt_log"]],
                         [("desk", "not_sent"), ("apipie", "delivered")])

    def test_unknown_names(self):
        self.set_up()
        for arguments in (["--backend", "bedrock"], ["--backend", ""], ["--route", "bedrock//"],
                          ["--backend", "desk", "--base-url", self.gateway.url]):
            self.assertEqual(self.draw(*arguments, code=2), [[], []])
            self.assertIn(arguments[0], self.err)

    def test_no_key_of_the_gateway(self):
        self.keyless()
        self.set_up()
        self.assertEqual(self.draw(code=2), [[], []])
        self.assertIn("APIPIE_API_KEY", self.err)
        self.assertEqual(self.draw("--backend", "desk"), [[], [(None, None)]])
        self.assertEqual(self.draw("--route", "desk//sd"), [[], [(None, "sd")]])
        self.assertEqual(self.draw("--backend", "desk", "--route", "apipie//", code=2), [[], []])
        self.assertEqual(self.draw("-m", "sd", "--route", "desk//", code=2), [[], []])
        self.set_up(default_backend="desk", routes=["//sd"])
        self.assertEqual(self.draw(), [[], [(None, "sd")]])
        self.assertEqual(self.draw("--backend", "apipie", code=2), [[], []])
        self.set_up(routes=["desk//sd", "apipie//"])
        self.assertEqual(self.draw(code=2), [[], []])

    def test_no_key_of_the_backend(self):
        self.set_up(default_backend="desk")
        del self.env["DESK_KEY"]
        self.assertEqual(self.draw("--json", code=2), [[], []])
        self.assertEqual(self.error()["code"], "config")
        self.assertIn("DESK_KEY is not set", self.error()["message"])
        self.assertEqual(self.draw("--backend", "apipie"), [[("prodia", "sd_xl_base_1.0")], []])
        self.configure({"backends": [self.desk(self.other)], "default_backend": "desk"})
        self.assertEqual(self.draw(), [[], [(None, None)]])
        self.assertNotIn("Authorization", self.other.headers[-1])

    def test_what_a_server_does_not_take(self):
        self.set_up()
        for option, value in (("--sampler", "Euler a"), ("--output-format", "webp")):
            self.assertEqual(self.draw(option, value, "--json", code=2), [[], []])
            self.assertIn("--unsupported drop", self.error()["hint"])
            for how in ("drop", "nearest"):
                self.assertEqual(self.draw(option, value, "--unsupported", how, "--json"),
                                 [[("prodia", "sd_xl_base_1.0")], []])
                self.assertTrue(any("left out" in warning for warning in self.json()["warnings"]))
        self.draw("--sampler", "Euler a", "--unsupported", "refuse", code=2)
        self.draw("--unsupported", "guess", code=2)
        self.draw("--output-format", "tiff", code=2)

    def test_policy(self):
        fails = self.server(lambda handler, body: answer(handler, 500, {"error": {"message": "it broke"}}))
        self.configure({"backends": [self.desk(fails, retry="always", retries=1)], "default_backend": "desk"})
        self.draw(code=7)
        self.assertEqual(len(fails.posts), 2)
        self.draw("--retry", "never", code=7)
        self.assertEqual(len(fails.posts), 3)

    def test_batch(self):
        self.set_up(default_backend="desk")
        self.keyless()
        self.write("lines", b"a cat\n{\"prompt\":\"a dog\",\"model\":\"sd\"}\n")
        self.assertEqual(self.run_cli("generate", "--batch", "lines"), 0, self.err)
        self.assertEqual(sorted(str(json.loads(b).get("model")) for b in self.other.posts), ["None", "sd"])
        self.assertEqual(self.run_cli("generate", "--batch", "lines"), 0, self.err)
        self.assertEqual(len(self.other.posts), 2)
        self.assertEqual(self.run_cli("generate", "--batch", "lines", "--backend", "apipie"), 2)

    def test_again(self):
        self.set_up()
        self.assertEqual(self.draw("--backend", "desk", "-m", "sd", "-o", "x.png", "--recipe"), [[], [(None, "sd")]])
        recipe = json.loads(self.read("x.png.json"))
        self.assertEqual((recipe["backend"], recipe["base_url"]), ("desk", self.other.url))
        self.keyless()
        self.assertEqual(self.run_cli("again", "x.png.json"), 0, self.err)
        self.assertEqual((len(self.gateway.posts), len(self.other.posts)), (0, 2))
        self.env["APIPIE_API_KEY"] = KEY
        self.assertEqual(self.run_cli("again", "x.png.json", "--backend", "apipie"), 0, self.err)
        self.assertEqual(self.run_cli("again", "x.png.json", "--base-url", self.gateway.url), 0, self.err)
        self.assertEqual((len(self.gateway.posts), len(self.other.posts)), (2, 2))
        self.configure({})
        self.assertEqual(self.run_cli("again", "x.png.json"), 2)
        self.assertIn("no such backend in the configuration: desk", self.err)
        self.assertEqual((len(self.gateway.posts), len(self.other.posts)), (2, 2))


class Elsewhere(ConfigTest):
    """Lists and bills of another backend: two sandboxes, each with a key of its own."""

    other = None

    def setUp(self):
        super().setUp()
        self.use_sandbox()
        cls = type(self)
        if cls.other is None:
            cls.other = Sandbox(CliTest.apipie)
            cls.addClassCleanup(cls.other.stop)
        self.env["DESK_KEY"] = cls.other.env["APIPIE_API_KEY"]
        self.configure({"backends": [{"name": "desk", "dialect": "apipie", "base_url": cls.other.env["APIPIE_BASE_URL"],
                                      "key_env": "DESK_KEY"}]})

    def bills(self, *arguments):
        self.assertEqual(self.run_cli("history", "--json", *arguments), 0, self.err)
        return len(self.json()["bills"])

    def test_history(self):
        here, there = self.bills(), self.bills("--backend", "desk")
        self.assertEqual(self.generate("--backend", "desk", "-m", "sd_xl_base_1.0", "-s", "64x64"), 0, self.err)
        self.assertEqual((self.bills(), self.bills("--backend", "desk")), (here, there + 1))

    def test_models(self):
        self.keyless()
        self.assertEqual(self.run_cli("models", "--backend", "desk", "--json"), 0, self.err)
        self.assertEqual(len(self.json()["models"]), 82)
        for arguments in (["--prices", "prices"], ["--builtin"]):
            self.assertEqual(self.run_cli("models", "--backend", "desk", *arguments), 2, self.err)
            self.assertIn(arguments[0], self.err)
        self.configure({"backends": [self.desk()], "default_backend": "desk"})
        self.assertEqual(self.run_cli("models"), 6, self.err)
        self.assertEqual(self.run_cli("models", "--backend", "apipie"), 0, self.err)

    def test_estimate(self):
        self.assertEqual(self.run_cli("estimate"), 0, self.err)
        self.assertEqual(self.out, b"0.008 USD, listed\n")
        self.env["APIPIE_BASE_URL"] = DEAD  # only the one that is asked for the picture
        self.assertEqual(self.run_cli("estimate", "--backend", "desk"), 0, self.err)
        self.assertEqual(self.out, b"unknown\n")
        self.assertEqual(self.run_cli("estimate", "--backend", "desk", "-m", "sd_xl_base_1.0"), 0, self.err)
        self.assertEqual(self.out, b"0.008 USD, listed\n")
        self.assertEqual(self.run_cli("estimate", "--backend", "desk", "--price", "0.5"), 0, self.err)
        self.assertEqual(self.out, b"0.5 USD, given\n")


class Edit(ConfigTest):

    def edit(self, *arguments, code=0):
        self.assertEqual(self.run_cli("edit", "more snow", *arguments), code, self.err)

    def test_it_sends_the_picture(self):
        counter = self.count(answer_picture)
        self.write("in.png", png(7, 5))
        self.write("mask.png", png(7, 6))
        self.edit("--image", "in.png", "--mask", "mask.png", "--strength", "0.5", "-m", "sd", "-o", "x.png", "--json")
        sent = json.loads(counter.posts[0])
        self.assertEqual(counter.uploads[sent["image"]], png(7, 5))
        self.assertEqual(counter.uploads[sent["mask"]], png(7, 6))
        self.assertEqual((sent["prompt"], sent["model"], sent["strength"]), ("more snow", "sd", 0.5))
        self.assertEqual(self.json()["images"][0]["path"], "x.png")
        self.edit("--image=https://example.com/a.png", "-o", "-")
        self.assertEqual(json.loads(counter.posts[1])["image"], "https://example.com/a.png")
        self.assertEqual(self.out, png())

    def test_refused(self):
        counter = self.count(answer_picture)
        self.write("in.png", png(7, 5))
        self.edit(code=2)
        self.assertIn("--image is missing", self.err)
        self.edit("--image", "", code=2)
        self.edit("--image", "in.png", "--image", "in.png", code=2)  # the gateway takes one
        self.assertIn("one input image", self.err)
        self.edit("--image", "none.png", code=9)
        self.edit("--image", "in.png", "--image", "none.png", code=9)
        self.edit("--image", "in.png", "--batch", "x", code=2)
        self.assertEqual(self.run_cli("edit", "--image", "in.png"), 2)
        self.assertIn("PROMPT is missing", self.err)
        self.assertEqual((counter.posts, self.files()), ([], ["in.png"]))


class Stream(ConfigTest):
    """--stream, and what comes before the picture."""

    def serve(self, *events, shown=None):
        """After a sketch the server waits until it was shown: what is there when the picture comes is not shown any more."""
        def reply(handler, body):
            handler.send_response(200)
            handler.send_header("Content-Type", "text/event-stream")
            handler.end_headers()
            handler.close_connection = True
            for kind, picture in events:
                handler.wfile.write(b'data: {"type":"image_generation.%s","b64_json":"%s"}\n\n' %
                                    (kind, base64.b64encode(picture)))
                handler.wfile.flush()
                until = time.monotonic() + 20
                while shown is not None and kind == b"partial_image" and not shown() and time.monotonic() < until:
                    time.sleep(0.02)
        return self.count(reply)

    def test_sketches(self):
        folder, want = os.path.join(self.folder, "sketches"), [2]
        self.serve((b"partial_image", png(2, 2)), (b"completed", png(4, 4)),
                   shown=lambda: len(os.listdir(folder)) >= want[0])
        os.mkdir(folder)
        self.write("sketches/sketch-1-1.png", b"there before")
        self.assertEqual(self.generate("--stream", "--partial-images", "1", "--partials", "sketches", "-o", "x.png"), 0,
                         self.err)
        self.assertEqual((self.out, self.read("x.png")), (b"x.png\n", png(4, 4)))
        self.assertEqual(self.read("sketches/sketch-1-1.png"), b"there before")
        self.assertEqual(self.read("sketches/sketch-1-2.png"), png(2, 2))
        self.assertIn("sketch: sketches/sketch-1-2.png", self.err)
        want[0] = 3
        self.assertEqual(self.generate("--stream", "--partials", "sketches", "-o", "x.png", "--json"), 0)
        self.assertTrue(self.json()["ok"])
        self.assertEqual(self.err, "")
        self.assertEqual(len(os.listdir(folder)), 3)

    def test_none_are_kept_unless_asked_for(self):
        self.serve((b"partial_image", png(2, 2)), (b"completed", png(4, 4)))
        self.assertEqual(self.generate("--stream", "-o", "x.png"), 0, self.err)
        self.assertEqual((self.files(), self.read("x.png")), (["x.png"], png(4, 4)))
        self.count(answer_picture)  # one that does not stream
        self.assertEqual(self.generate("--stream", "-o", "y.png"), 0, self.err)

    def test_refused(self):
        counter = self.serve()
        self.write("file", b"")
        for code, arguments in ((2, ["--partial-images", "1"]), (2, ["--partials", "."]),
                                (2, ["--stream", "--partial-images", "4"]), (2, ["--stream", "--partials", ""]),
                                (9, ["--stream", "--partials", "none"]), (9, ["--stream", "--partials", "file"])):
            self.assertEqual(self.generate(*arguments), code, self.err)
            self.assertIn("--partial", self.err)
        self.assertEqual((counter.posts, self.files()), ([], ["file"]))
