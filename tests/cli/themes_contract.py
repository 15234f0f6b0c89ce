# SPDX-License-Identifier: MIT
"""What is typed, what is sent, what comes out: options, requests, files, JSON."""
import base64
import json
import os
import subprocess
import threading

from cli_support import KEY, PROMPT, CliTest, answer, answer_picture, png, png_size

IMAGE_KEYS = ["path", "bytes", "mime", "width", "height", "url", "revised_prompt"]
USAGE_KEYS = ["cost_usd", "prompt_tokens", "total_tokens", "latency_ms"]
GOOD_KEYS = ["ok", "images", "usage", "charge_usd", "charge", "cached", "backend", "provider", "model",
             "attempts", "elapsed_ms", "request_id", "warnings", "attempt_log"]
ERROR_KEYS = ["code", "message", "hint", "http_status", "provider_code", "retryable", "billed", "fault",
              "retry_after_ms", "attempts", "request_id"]
BAD_KEYS = ["ok", "error", "charge_usd", "charge", "attempt_log"]
ATTEMPT_KEYS = ["purpose", "backend", "provider", "model", "outcome", "billed", "code", "http_status", "message"]


class Usage(CliTest):
    """What is wrong is said, with exit 2, before anything is sent."""

    def setUp(self):
        super().setUp()
        self.counter = self.count(answer_picture)

    def refused(self, *arguments):
        self.assertEqual(self.run_cli(*arguments), 2, (arguments, self.err))
        self.assertEqual(self.counter.posts, [])
        self.assertEqual(self.files(), [])
        return self.err

    def test_version(self):
        self.assertEqual(self.run_cli("--version"), 0)
        self.assertRegex(self.out, rb"\Aapipie \d+\.\d+\.\d+\n\Z")

    def test_help(self):
        for arguments, word in ((["--help"], b"generate"), (["generate", "--help"], b"--max-image-bytes"),
                                (["sandbox", "--help"], b"--fault"), (["generate", "x", "-h"], b"--seed"),
                                (["generate", "--help"], b"--batch"), (["again", "--help"], b"IMAGE.json")):
            self.assertEqual(self.run_cli(*arguments), 0)
            self.assertIn(word, self.out)
            self.assertEqual(self.err, "")

    def test_no_command(self):
        self.assertIn("command", self.refused())

    def test_unknown_command(self):
        self.assertIn("paint: unknown command", self.refused("paint", "a cat"))

    def test_upload(self):
        self.assertIn("FILE is missing", self.refused("upload"))
        self.assertIn("FILE is empty", self.refused("upload", ""))
        self.assertIn("this has a URL already: https://example.com/a.png",
                      self.refused("upload", "https://example.com/a.png"))
        self.assertIn("exclude each other", self.refused("upload", "x", "--sandbox", "--base-url", "http://127.0.0.1/v1"))
        self.assertIn("-m: unknown option", self.refused("upload", "x", "-m", "y"))

    def test_unknown_option(self):
        self.assertIn("--colour: unknown option", self.refused("generate", "a cat", "--colour", "red"))
        self.assertIn("-x: unknown option", self.refused("generate", "a cat", "-x"))
        self.assertIn("--frobnicate: unknown option", self.refused("sandbox", "--frobnicate"))

    def test_prompt(self):
        self.assertIn("PROMPT is missing", self.refused("generate"))
        self.assertIn("PROMPT is empty", self.refused("generate", ""))
        self.assertIn("more than one PROMPT", self.refused("generate", "a", "cat"))
        self.assertIn("UTF-8", self.refused("generate", b"caf\xe9"))

    def test_bad_values(self):
        for option, values in {
                "-s": ["", "1024", "1024x", "x1024", "0x5", "5x0", "8193x1", "1024x1024x1", "1e3x5", "-1x5",
                       "99999999999x1", "1024X1024"],
                "--strength": ["", "x", "-0.1", "1.1", "nan", "0,5"],
                "-n": ["0", "65", "x", "1.5", "-1", " 1", "99999999999999999999"],
                "--steps": ["0", "x", "3000000000"], "--seed": ["-1", "0x1", "18446744073709551616", "1.0"],
                "--cfg-scale": ["x", "101", "-1", "nan", "1e1", "."], "--retries": ["21", "-1", "many"],
                "--retry": ["sometimes", ""], "--timeout": ["0", "86401", "x", "-3"],
                "--max-image-bytes": ["0", "1099511627777"], "--format": ["png", "url,b64_json", "url b64_json"],
                "--extra": ["", "key", "=1", "key="], "--jobs": ["0", "1025", "x"],
                "--route": ["", "prodia", "prodia/sd_xl_base_1.0"],
                "--budget": ["", ".", "x", "-1", "+1", "1e3", "1.2.3", " 1", "$1", "0.0000000000001",
                             "9223372.036854775808", "99999999999999999999"],
                "--price": ["", "1,5", "nan"]}.items():
            for value in values:
                self.assertIn(option + " takes ", self.refused("generate", "a cat", option, value))
        self.assertIn("-s needs a value", self.refused("generate", "a cat", "-s"))
        self.assertIn("--json takes no value", self.refused("generate", "a cat", "--json=1"))

    def test_refused_by_the_library(self):
        self.assertIn("--extra", self.refused("generate", "a cat", "--extra", "key={"))
        self.refused("generate", "a cat", "--extra", "prompt=\"another\"")

    def test_base_url(self):
        for url in ("ftp://x/v1", "nonsense", "http://user@127.0.0.1/v1", "http://example.com/v1"):
            self.assertIn("--base-url", self.refused("generate", "a cat", "--base-url", url))
            self.run_cli("generate", "a cat", "--json", "--base-url", url)
            self.assertEqual(self.error()["code"], "config")

    def test_no_key(self):
        for value in (None, ""):
            self.env.pop("APIPIE_API_KEY", None)
            if value is not None:
                self.env["APIPIE_API_KEY"] = value
            self.assertIn("APIPIE_API_KEY", self.refused("generate", "a cat"))
            self.assertIn("--sandbox", self.err)
            self.assertEqual(self.run_cli("generate", "a cat", "--json"), 2)
            self.assertEqual(self.error()["code"], "config")

    def test_bad_key(self):
        self.env["APIPIE_API_KEY"] = "sk-pie\nX-Evil: 1"
        self.assertNotIn("sk-pie", self.refused("generate", "a cat"))

    def test_json_of_usage_errors(self):
        for arguments in (["generate", "--json"], ["generate", "--frob", "x", "--json"], ["upload", "--json"],
                          ["generate", "a cat", "-o", "-", "--json"], ["--json"]):
            self.assertEqual(self.run_cli(*arguments), 2)
            error = self.error()
            self.assertEqual(list(error), ERROR_KEYS)
            self.assertEqual((error["code"], error["billed"], error["fault"]), ("usage", "no", "caller"))
            self.assertEqual((error["attempts"], error["retryable"]), (0, False))
            self.assertEqual(self.err, "")

    def test_what_is_typed_steers_no_terminal(self):
        self.assertNotIn("\x1b", self.refused("generate", "a", "--\x1b[31m"))


class Request(CliTest):
    """What was asked for is sent, and nothing else."""

    def sent(self, *arguments):
        counter = self.count(answer_picture)
        self.assertEqual(self.run_cli("generate", *arguments), 0, self.err)
        self.assertEqual(len(counter.posts), 1)
        self.headers, self.uploads = counter.headers[0], counter.uploads
        return json.loads(counter.posts[0])

    def test_the_seeds_example(self):
        self.assertEqual(self.sent(PROMPT), {"provider": "prodia", "model": "sd_xl_base_1.0", "prompt": PROMPT})
        self.assertEqual(self.headers["Authorization"], "Bearer " + KEY)

    def test_model_alone(self):
        self.assertEqual(self.sent("x", "-m", "prodia/sd_xl_base_1.0"),
                         {"model": "prodia/sd_xl_base_1.0", "prompt": "x"})

    def test_all_options(self):
        body = self.sent("-m", "m", "-pp", "-n", "1", "--size=640x480", "x", "-q", "hd", "--style", "vivid",
                         "--negative", "rain", "--seed", "18446744073709551615", "--steps", "30", "--cfg-scale",
                         "7.5", "--format", "b64_json", "--extra", 'loras="a,b"', "--extra", "deep={\"k\":[1]}",
                         "--retries=0", "--timeout=60.5")
        self.assertEqual(body, {
            "model": "m", "provider": "p", "n": 1, "size": "640x480", "prompt": "x", "quality": "hd",
            "style": "vivid", "negative_prompt": "rain", "seed": 18446744073709551615, "steps": 30,
            "cfg_scale": 7.5, "response_format": "b64_json", "loras": "a,b", "deep": {"k": [1]}})

    def test_double_dash(self):
        self.assertEqual(self.sent("-m", "m", "--", "--json")["prompt"], "--json")

    def test_the_last_one_counts(self):
        self.assertEqual(self.sent("x", "-m", "a", "-m", "b")["model"], "b")

    def test_image_url(self):
        self.assertEqual(self.sent("x", "--image", "https://example.com/a.png")["image"],
                         "https://example.com/a.png")

    def test_image_file(self):
        self.write("in.png", png(7, 5))
        image = self.sent("x", "--image", "in.png")["image"]
        self.assertEqual(self.uploads, {image: png(7, 5)})
        self.assertIn("--image: uploads that are not 1024x1024", self.err)
        image = self.sent("x", "--image", "in.png", "--inline-image")["image"]
        self.assertEqual(self.uploads, {})
        self.assertTrue(image.startswith("data:image/png;base64,"), image[:40])
        self.assertEqual(base64.b64decode(image.split(",")[1]), png(7, 5))

    def test_image_unreadable(self):
        self.write("empty.png", b"")
        for name in ("none.png", "empty.png", "."):
            counter = self.count(answer_picture)
            self.assertEqual(self.run_cli("generate", "x", "--json", "--image", name), 9)
            self.assertEqual(self.error()["code"], "file")
            self.assertEqual(counter.posts, [])

    def test_image_by_pipe(self):
        os.mkfifo(os.path.join(self.folder, "in.pipe"))
        writer = threading.Thread(target=self.write, args=("in.pipe", png(7, 5)))
        writer.start()
        image = self.sent("x", "--image", "in.pipe")["image"]
        writer.join()
        self.assertEqual(self.uploads[image], png(7, 5))

    def test_mask_and_strength(self):
        self.write("in.png", png(7, 5))
        self.write("mask.png", png(5, 7))
        sent = self.sent("x", "--image", "in.png", "--mask", "mask.png", "--strength", "0.30")
        self.assertEqual(self.uploads[sent["mask"]], png(5, 7))
        self.assertEqual(self.uploads[sent["image"]], png(7, 5))
        self.assertEqual(sent["strength"], 0.3)
        self.assertIn("masks", self.err)
        sent = self.sent("x", "--image", "in.png", "--mask=https://example.com/m.png")
        self.assertEqual(sent["mask"], "https://example.com/m.png")
        self.assertNotIn("strength", sent)

    def test_mask_unreadable(self):
        self.write("in.png", png(7, 5))
        self.assertEqual(self.run_cli("generate", "x", "--image", "in.png", "--mask", "none.png"), 9)
        self.assertIn("--mask: cannot read none.png", self.err)

    def test_mask_alone(self):
        self.write("mask.png", png(7, 5))
        self.assertEqual(self.run_cli("generate", "x", "--mask", "mask.png"), 2)
        self.assertIn("there is no input image", self.err)

    def test_image_that_is_none(self):
        self.write("in.txt", b"no picture")
        self.assertEqual(self.run_cli("generate", "x", "--image", "in.txt"), 2)
        self.assertIn("--image", self.err)


class Output(CliTest):
    """Where pictures go, and under what names."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def paths(self):
        return self.out.decode().splitlines()

    def test_receipt(self):
        self.assertEqual(self.generate("-s", "1024x1024", "-o", "lake.png"), 0, self.err)
        self.assertEqual(self.out, b"lake.png\n")
        self.assertRegex(self.err, r"\Alake\.png 1024x1024 · \$0\.008 · prodia/sd_xl_base_1\.0 · "
                                   r"server \d+\.\d s · 1 attempt · peak memory \d+ MiB\n\Z")
        self.assertEqual(png_size(self.read("lake.png")), (1024, 1024))

    def test_own_name_never_replaces(self):
        names = []
        for _ in range(3):
            self.assertEqual(self.generate("-s", "64x64"), 0, self.err)
            self.assertEqual(len(self.paths()), 1)
            names.append(self.paths()[0])
        self.assertEqual(self.files(), sorted(set(names)))
        self.assertEqual(len(set(names)), 3)
        self.assertRegex(names[0], r"\A[a-z0-9-]*serene[a-z0-9-]*\.png\Z")

    def test_folder(self):
        os.mkdir(os.path.join(self.folder, "out"))
        self.assertEqual(self.generate("-s", "64x64", "-o", "out"), 0, self.err)
        self.assertEqual(self.files(), ["out"])
        self.assertEqual(os.path.dirname(self.paths()[0]), "out")
        self.assertEqual(png_size(self.read(self.paths()[0])), (64, 64))

    def test_several(self):
        self.assertEqual(self.generate("-s", "64x64", "-n", "2", "-o", "x.png"), 0, self.err)
        self.assertEqual(self.paths(), ["x.png", "x-2.png"])
        self.assertEqual(self.files(), ["x-2.png", "x.png"])
        self.assertNotEqual(self.read("x.png"), self.read("x-2.png"))

    def test_several_into_folder(self):
        self.assertEqual(self.generate("-s", "64x64", "-n", "3"), 0, self.err)
        self.assertEqual(sorted(self.paths()), self.files())
        self.assertEqual(len(self.files()), 3)
        self.assertEqual(self.run_cli("generate", "--sandbox", "-s", "64x64", "--", "-rf /../x"), 0)
        self.assertRegex(self.paths()[0], r"\A[a-z0-9]")

    def test_a_file_is_replaced_when_the_picture_is_whole(self):
        self.write("x.png", b"old")
        self.assertEqual(self.fault("truncate", "-o", "x.png", "--format", "b64_json"), 6, self.err)
        self.assertEqual((self.files(), self.read("x.png")), (["x.png"], b"old"))
        self.assertEqual(self.generate("-s", "64x64", "-o", "x.png"), 0)
        self.assertEqual((self.files(), png_size(self.read("x.png"))), (["x.png"], (64, 64)))

    def test_stdout(self):
        for form in ("url", "b64_json"):
            self.assertEqual(self.generate("-s", "64x64", "-o", "-", "--format", form), 0, self.err)
            self.assertEqual(png_size(self.out), (64, 64))
            self.assertEqual(self.out[-8:-4], b"IEND")
            self.assertEqual(self.files(), [])
            self.assertTrue(self.err.startswith("stdout 64x64 · $"), self.err)

    def test_stdout_stays_empty_on_failure(self):
        self.assertEqual(self.fault("noimage", "-o", "-"), 8)
        self.assertEqual(self.out, b"")

    def test_stdout_refused(self):
        self.assertEqual(self.generate("-o", "-", "-n", "2"), 2)
        self.assertEqual(self.generate("-o", "-", "--json"), 2)
        self.assertEqual(self.error()["code"], "usage")

    def test_url_and_base64_are_the_same_picture(self):
        for form in ("url", "b64_json"):
            self.assertEqual(self.generate("-s", "64x64", "--seed", "7", "-o", form, "--format", form), 0)
        self.assertEqual(self.read("url"), self.read("b64_json"))

    def test_a_pipe_is_written_directly(self):
        path = os.path.join(self.folder, "pipe")
        os.mkfifo(path)
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as reader:
            self.assertEqual(self.generate("-s", "64x64", "-o", "pipe"), 0, self.err)
            self.assertEqual(png_size(reader.communicate(timeout=20)[0]), (64, 64))
        self.assertEqual(self.files(), ["pipe"])

    def test_sandbox_in_process(self):
        for name in ("APIPIE_API_KEY", "APIPIE_BASE_URL"):
            self.env.pop(name)
        self.assertEqual(self.generate("--sandbox", "-s", "64x64", "-o", "x.png"), 0, self.err)
        self.assertEqual(png_size(self.read("x.png")), (64, 64))
        self.env["APIPIE_API_KEY"], self.env["APIPIE_BASE_URL"] = KEY, "http://127.0.0.1:9/v1"
        self.assertEqual(self.generate("--sandbox", "-s", "64x64", "-o", "y.png"), 0, self.err)
        self.assertEqual(self.generate("--sandbox", "--base-url", "http://127.0.0.1:9/v1"), 2)


class Unwritable(CliTest):
    """Output that cannot be written is found before money is spent."""

    def unwritable(self, *arguments, **more):
        counter = self.count(answer_picture)
        self.assertEqual(self.run_cli("generate", "x", *arguments, **more), 9, self.err)
        self.assertEqual(counter.posts, [])

    def test_no_such_folder(self):
        self.unwritable("-o", "none/x.png")
        self.unwritable("-o", "none/")
        self.assertEqual(self.files(), [])

    def test_file_in_place_of_a_folder(self):
        self.write("file", b"")
        self.unwritable("-o", "file/x.png", "--json")
        self.assertEqual(self.error()["code"], "file")
        self.assertEqual(self.files(), ["file"])

    def test_closed_stdout(self):
        counter = self.count(answer_picture)
        shell = subprocess.run(["sh", "-c", 'exec "$0" generate x -o - >&-', CliTest.apipie], cwd=self.folder,
                               env=self.env, capture_output=True, timeout=60)
        self.assertEqual((shell.returncode, counter.posts, self.files()), (9, [], []))

    def test_full_device(self):
        for output, target in (("/dev/full", subprocess.PIPE), ("-", open("/dev/full", "wb"))):
            self.count(answer_picture)
            self.assertEqual(self.run_cli("generate", "x", "-o", output, stdout=target), 9)
            self.assertIn("space", self.err)
            if target is not subprocess.PIPE:
                target.close()

    def test_reader_that_left(self):
        self.count(answer_picture)
        read_end, write_end = os.pipe()
        os.close(read_end)
        self.assertEqual(self.run_cli("generate", "x", "-o", "-", stdout=write_end), 9)
        os.close(write_end)


class Json(CliTest):
    """Exactly one value, with exactly the contract's keys."""

    def setUp(self):
        super().setUp()
        self.use_sandbox()

    def test_good(self):
        self.assertEqual(self.generate("-s", "1024x1024", "-o", "x.png", "--json"), 0, self.err)
        value = self.json()
        self.assertEqual(self.err, "")
        self.assertEqual(list(value), GOOD_KEYS)
        self.assertEqual(list(value["usage"]), USAGE_KEYS)
        self.assertEqual([list(image) for image in value["images"]], [IMAGE_KEYS])
        image = value["images"][0]
        self.assertEqual((image["path"], image["mime"], image["width"], image["height"]),
                         ("x.png", "image/png", 1024, 1024))
        self.assertEqual(image["bytes"], len(self.read("x.png")))
        self.assertEqual(value["usage"]["cost_usd"], "0.008")
        self.assertEqual((value["ok"], value["attempts"], value["backend"]), (True, 1, "apipie"))
        self.assertEqual((value["provider"], value["model"]), ("prodia", "sd_xl_base_1.0"))
        self.assertEqual((value["charge_usd"], value["charge"], value["cached"]), ("0.008", "server", False))
        self.assertEqual([list(attempt) for attempt in value["attempt_log"]], [ATTEMPT_KEYS] * 2)
        self.assertEqual([a["purpose"] for a in value["attempt_log"]], ["generate", "download"])
        self.assertIsInstance(value["elapsed_ms"], int)

    def test_absent_is_null(self):
        self.assertEqual(self.fault("nousage", "-s", "64x64", "--json"), 0, self.err)
        self.assertEqual(self.json()["usage"], dict.fromkeys(USAGE_KEYS))
        self.assertEqual(self.fault("nousage", "-s", "64x64"), 0)
        self.assertIn(" · cost unknown · ", self.err)

    def test_warnings(self):
        self.assertEqual(self.fault("fewer", "-n", "2", "-s", "64x64", "--json", "-o", "x.png"), 0, self.err)
        self.assertTrue(self.json()["warnings"])
        self.assertEqual(self.err, "")
        self.assertEqual(self.fault("fewer", "-n", "2", "-s", "64x64", "-o", "x.png"), 0)
        self.assertRegex(self.err, r"\Awarning: .+\nx\.png ")

    def test_escapes(self):
        evil = 'q"\\ \x01 \x1b[2J \x7f \x85 \u2028 \u202e é 漢 \U0001f431'
        self.count(lambda handler, body: answer(handler, 200, {
            "data": [{"b64_json": base64.b64encode(png()).decode(), "revised_prompt": evil}],
            "usage": {"cost": 1e-12}}))
        self.assertEqual(self.generate("--json", "-o", "ä \u202e.png"), 0, self.err)
        value = self.json()
        self.assertEqual(value["images"][0]["path"], "ä \u202e.png")
        self.assertEqual(value["usage"]["cost_usd"], "0.000000000001")
        for word in ('q"\\', "é 漢 \U0001f431"):
            self.assertIn(word, value["images"][0]["revised_prompt"])

    def test_bad(self):
        self.assertEqual(self.fault("status:503;retry-after:1000", "--json"), 7, self.err)
        error, value = self.error(), self.json()
        self.assertEqual((list(value), list(error)), (BAD_KEYS, ERROR_KEYS))
        self.assertEqual((value["charge_usd"], value["charge"]), ("0", "none"))
        self.assertEqual([(a["outcome"], a["billed"], a["code"]) for a in value["attempt_log"]],
                         [("rejected", "no", "server")])
        self.assertEqual((error["code"], error["http_status"], error["billed"], error["attempts"]),
                         ("server", 503, "no", 1))
        self.assertEqual((error["retry_after_ms"], error["retryable"]), (1000000, True))
        self.assertEqual((self.err, self.files()), ("", []))
