# SPDX-License-Identifier: MIT
"""`apipie upload`, and recipes of `apipie edit`."""
import hashlib
import json
import os
import threading
import urllib.request

from cli_support import KEY, CliTest, answer_picture, png


class Upload(CliTest):
    """A URL a line, in the order of the files; or one JSON value."""

    def upload(self, *arguments, code=0):
        self.assertEqual(self.run_cli("upload", *arguments), code, self.err)
        return self.out.decode().splitlines()

    def test_the_whole_round(self):
        self.use_sandbox()
        self.env.update(type(self).sandbox.env)
        self.write("a.png", png(1024, 768))
        self.write("b.png", png(7, 5))
        urls = self.upload("a.png", "b.png")
        self.assertEqual(len(urls), 2)
        self.assertEqual(self.err.count("note: "), 1)
        self.assertIn("note: b.png: uploads that are not 1024x1024", self.err)
        for url, picture in zip(urls, (png(1024, 768), png(7, 5))):
            with urllib.request.urlopen(url) as reply:
                self.assertEqual((reply.read(), reply.headers["Content-Type"]), (picture, "image/png"))
        self.assertEqual(self.run_cli("generate", "x", "-s", "64x64", "--image", urls[0], "-o", "one.png"), 0, self.err)
        self.assertEqual(self.run_cli("generate", "x", "-s", "64x64", "--image", "a.png", "-o", "two.png"), 0, self.err)
        self.assertEqual(self.read("one.png"), self.read("two.png"))  # the same picture, uploaded by itself
        self.assertEqual(self.run_cli("generate", "x", "-s", "64x64", "--image", "b.png", "-o", "two.png"), 0, self.err)
        self.assertNotEqual(self.read("one.png"), self.read("two.png"))

    def test_json(self):
        counter = self.count(answer_picture)
        self.write("a.png", png(1024, 768))
        self.write("b.png", png(7, 5))
        self.upload("--json", "a.png", "--", "b.png")
        uploads = json.loads(self.out)["uploads"]
        self.assertEqual(list(json.loads(self.out)), ["uploads"])
        self.assertEqual([list(one) for one in uploads], [["file", "url", "backend", "elapsed_ms", "warnings"]] * 2)
        self.assertEqual([one["file"] for one in uploads], ["a.png", "b.png"])
        self.assertEqual([counter.uploads[one["url"]] for one in uploads], [png(1024, 768), png(7, 5)])
        self.assertEqual([len(one["warnings"]) for one in uploads], [0, 1])
        self.assertEqual((counter.posts, self.err), ([], ""))

    def test_a_pipe(self):
        counter = self.count(answer_picture)
        os.mkfifo(os.path.join(self.folder, "in.pipe"))
        writer = threading.Thread(target=self.write, args=("in.pipe", png(7, 5)))
        writer.start()
        (url,) = self.upload("in.pipe")
        writer.join()
        self.assertEqual(counter.uploads, {url: png(7, 5)})

    def test_what_is_no_upload_is_said_with_its_file(self):
        counter = self.count(answer_picture)
        self.write("a.png", png())
        self.write("no.txt", b"no picture")
        self.write("large.png", png() + bytes(5 * 1024 * 1024))
        self.write("new.avif", b"\0\0\0\x18ftypavif\0\0\0\0avifmif1")
        for name, code, words in (("none.png", 9, "no such file"), ("no.txt", 2, "no PNG"), (".", 9, ""),
                                  ("large.png", 2, "large.png: uploads take at most 5 MB"),
                                  ("new.avif", 2, "new.avif: uploads take PNG")):
            self.upload(name, code=code)
            self.assertIn(words, self.err)
            self.assertIn(name, self.err)
        self.upload("a.png", "none.png", code=9)
        self.assertEqual((self.out, counter.uploads), (b"", {}))  # all are looked at first
        self.upload("a.png", "none.png", "--json", code=9)
        self.assertEqual(self.error()["code"], "file")

    def test_failures(self):
        self.write("a.png", png())
        self.use_sandbox()
        self.env.update(type(self).sandbox.env, APIPIE_API_KEY="sk-unheard-of")
        self.upload("a.png", code=3)
        self.assertNotIn("unheard", self.err)
        del self.env["APIPIE_API_KEY"]
        self.upload("a.png", code=2)
        self.assertIn("APIPIE_API_KEY", self.err)
        self.env["APIPIE_API_KEY"] = KEY
        self.upload("a.png", "--base-url", "http://127.0.0.1:9/v1", "--retries", "0", code=6)
        self.assertIn("Nothing was billed.", self.err)

    def test_a_backend_without_uploads(self):
        self.write("a.png", png())
        self.write("c.json", json.dumps({"backends": [
            {"name": "desk", "dialect": "a1111", "base_url": "http://127.0.0.1:9"}]}).encode())
        self.upload("a.png", "--config", "c.json", "--backend", "desk", code=2)
        self.assertIn("a1111", self.err)

    def test_help(self):
        self.upload("--help")
        self.assertIn(b"FILE...", self.out)
        self.assertEqual(self.run_cli("--help"), 0)
        self.assertNotIn(b"Not in this version", self.out)


class EditRecipe(CliTest):
    """edit --recipe, and again."""

    def setUp(self):
        super().setUp()
        self.counter = self.count(answer_picture)
        self.write("in.png", png(7, 5))

    def again(self, *arguments, code=0):
        self.assertEqual(self.run_cli("again", "x.png.json", "-o", "y.png", *arguments), code, self.err)

    def test_the_gateway(self):
        self.assertEqual(self.run_cli("edit", "more snow", "--image", "in.png", "--strength", "0.5", "--recipe",
                                      "-o", "x.png"), 0, self.err)
        recipe = json.loads(self.read("x.png.json"))
        self.assertEqual((recipe["edit"], recipe["more_inputs"]), (True, []))
        self.assertEqual(recipe["input"]["sha256"], hashlib.sha256(png(7, 5)).hexdigest())
        self.again()
        self.assertEqual(self.counter.posts[0], self.counter.posts[1])
        self.write("in.png", png(7, 6))
        self.again(code=9)
        self.again("--image", "in.png")
        self.assertNotEqual(self.counter.posts[2], self.counter.posts[1])

    def test_how_it_got_there(self):
        self.assertEqual(self.run_cli("edit", "x", "--image", "in.png", "--inline-image", "--recipe", "-o", "x.png"),
                         0, self.err)
        self.assertIs(json.loads(self.read("x.png.json"))["inline_image"], True)
        self.again()
        self.assertEqual((self.counter.posts[0], self.counter.uploads), (self.counter.posts[1], {}))

    def test_several(self):
        self.write("two.png", png(7, 7))
        self.env["OA_KEY"] = "k"
        self.write("c.json", json.dumps({"backends": [
            {"name": "oa", "dialect": "openai", "base_url": self.counter.url, "key_env": "OA_KEY"}]}).encode())
        place = ("--config", "c.json", "--backend", "oa")
        self.assertEqual(self.run_cli("edit", "x", "--image", "in.png", "--image", "two.png", "-m", "gpt-image-2",
                                      "--recipe", "-o", "x.png", *place), 0, self.err)
        self.assertEqual([one["path"] for one in json.loads(self.read("x.png.json"))["more_inputs"]], ["two.png"])
        self.again(*place)
        for post in self.counter.posts:
            self.assertEqual([post.count(b'name="image[]"'), post.count(png(7, 5)), post.count(png(7, 7))], [2, 1, 1])
        self.write("two.png", png(8, 8))
        self.again(*place, code=9)
        self.assertIn("two.png", self.err)

    def test_bad_ones(self):
        self.assertEqual(self.run_cli("edit", "x", "--image", "in.png", "--recipe", "-o", "x.png"), 0, self.err)
        good = json.loads(self.read("x.png.json"))
        for more in (1, {"path": "x"}, [1], [{"path": "in.png"}], ["in.png"] * 17):
            self.write("x.png.json", json.dumps(dict(good, more_inputs=more)).encode())
            self.again(code=2)
        self.assertEqual(len(self.counter.posts), 1)
