# SPDX-License-Identifier: MIT
"""`apipie doctor`: a report to paste, of backends that work, are dead, or refuse the key."""
import email.utils
import signal
import threading
import time

from cli_support import KEY, CliTest, Sandbox, answer
from themes_backends import DEAD, SECRET, ConfigTest

TOP_KEYS = ["ok", "error", "versions", "system", "config", "proxies", "backends"]
VISIT_KEYS = ["name", "dialect", "base_url", "default", "state", "models", "latency_ms", "checks"]
CHECK_KEYS = ["check", "state", "message", "hint", "ms"]


class Doctor(ConfigTest):

    other = None

    def setUp(self):
        super().setUp()
        self.use_sandbox()
        cls = type(self)
        if cls.other is None:
            cls.other = Sandbox(CliTest.apipie)
            cls.addClassCleanup(cls.other.stop)
        self.env["DESK_KEY"] = cls.other.env["APIPIE_API_KEY"]

    def set_up(self, *backends, **more):
        self.configure({"backends": list(backends), **more})

    def there(self, **more):
        return {"name": "desk", "dialect": "apipie", "base_url": self.other.env["APIPIE_BASE_URL"], "key_env": "DESK_KEY",
                **more}

    def doctor(self, *arguments, code=0):
        self.assertEqual(self.run_cli("doctor", "--json", *arguments), code, self.out.decode() + self.err)
        self.assertEqual(self.err, "")
        value = self.json()
        self.assertEqual(list(value), [k for k in TOP_KEYS if k != "error" or code != 0])
        self.assertEqual(value["ok"], code == 0)
        for visit in value["backends"]:
            self.assertEqual(list(visit), VISIT_KEYS)
            for check in visit["checks"]:
                self.assertEqual(list(check), CHECK_KEYS)
        self.value = value
        return {visit["name"]: {check["check"]: check for check in visit["checks"]} for visit in value["backends"]}

    def states(self, checks):
        return {name: check["state"] for name, check in checks.items()}

    def test_two_that_work(self):
        self.set_up(self.there(), default_backend="desk")
        found = self.doctor()
        self.assertEqual(list(found), ["apipie", "desk"])
        for name in found:
            self.assertEqual(self.states(found[name]), dict.fromkeys(
                ["proxy", "lookup", "connect", "tls", "clock", "models", "key"], "ok"))
        self.assertEqual([(v["models"], v["default"]) for v in self.value["backends"]], [(82, False), (82, True)])
        self.assertIn("DESK_KEY is set, and accepted", found["desk"]["key"]["message"])
        self.assertIsInstance(found["desk"]["connect"]["ms"], int)
        self.assertEqual(found["desk"]["clock"]["message"], "right")
        self.assertRegex(self.value["versions"]["libcurl"], r"^\d+\.\d+")
        self.assertNotIn("sk-pie", self.out.decode())
        self.assertEqual(list(self.doctor("--backend", "desk")), ["desk"])
        self.doctor("--backend", "desk")
        self.assertEqual(self.run_cli("doctor", "--backend", "none"), 2)

    def test_the_table(self):
        self.set_up(self.there(), {"name": "dead", "dialect": "apipie", "base_url": DEAD})
        self.assertEqual(self.run_cli("doctor"), 6, self.err)
        text = self.out.decode()
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)
        for words in ("apipie         0.", "  ok       key      DESK_KEY is set, and accepted",
                      "  failed   connect  nothing answers", "-> check", "1 of 3 backends: something is wrong"):
            self.assertIn(words, text)
        self.assertNotIn("sk-pie", text)
        self.assertEqual(self.err, "")
        self.set_up()
        self.assertEqual(self.run_cli("doctor"), 0, self.err)
        self.assertIn("the backend works", self.out.decode())

    def test_a_dead_port(self):
        self.set_up(self.there(), {"name": "dead", "dialect": "apipie", "base_url": DEAD, "key_env": "DESK_KEY"})
        found = self.doctor(code=6)
        self.assertEqual(self.states(found["dead"]), {"proxy": "ok", "lookup": "ok", "connect": "failed", "key": "ok"})
        self.assertIn("could not be tried", found["dead"]["key"]["message"])
        self.assertEqual(self.states(found["desk"])["key"], "ok")
        error = self.value["error"]
        self.assertEqual((error["code"], error["billed"], error["fault"]), ("connect", "no", "network"))
        self.assertIn("dead: connect: ", error["message"])

    def test_a_name_that_is_none(self):
        self.set_up({"name": "far", "dialect": "apipie", "base_url": "https://nowhere.invalid/v1"})
        found = self.doctor(code=6)
        self.assertEqual(self.states(found["far"]), {"proxy": "ok", "lookup": "failed", "key": "ok"})

    def test_no_tls(self):
        self.set_up({"name": "far", "dialect": "apipie",
                     "base_url": self.other.env["APIPIE_BASE_URL"].replace("http:", "https:")})
        found = self.doctor(code=6)
        self.assertEqual(self.states(found["far"]), {"proxy": "ok", "lookup": "ok", "connect": "ok", "tls": "failed",
                                                     "key": "ok"})
        self.assertEqual(self.value["error"]["code"], "tls")

    def test_keys(self):
        self.env["DESK_KEY"] = SECRET
        self.set_up(self.there())
        found = self.doctor(code=3)
        self.assertEqual((found["desk"]["key"]["state"], self.value["error"]["code"]), ("failed", "auth"))
        self.assertNotIn(SECRET, self.out.decode())
        self.assertEqual(self.run_cli("doctor"), 3)
        self.assertNotIn(SECRET, self.out.decode() + self.err)
        del self.env["DESK_KEY"]
        found = self.doctor(code=2)
        self.assertEqual(found["desk"]["key"]["message"], "DESK_KEY is not set")

    def test_without_a_key_of_the_gateway(self):
        self.keyless()
        found = self.doctor(code=2)
        self.assertEqual(self.states(found["apipie"])["models"], "ok")
        self.assertEqual(found["apipie"]["key"]["message"], "APIPIE_API_KEY is not set")
        self.env["APIPIE_BASE_URL"] = DEAD
        self.set_up(self.there(), default_backend="desk")  # who draws under the desk alone needs no gateway
        found = self.doctor()
        self.assertEqual(self.states(found["apipie"]), {"use": "ok"})
        self.assertEqual(self.states(self.doctor("--backend", "apipie", code=6)["apipie"])["connect"], "failed")
        self.set_up(self.there(), default_backend="desk", routes=["desk//", "apipie//"])
        self.doctor(code=6)

    def test_a_broken_configuration(self):
        self.configure("{\n\"colour\":1}")
        found = self.doctor(code=2)
        self.assertEqual(self.value["config"]["state"], "failed")
        self.assertIn("config.json:2: ", self.value["config"]["message"])
        self.assertEqual(self.states(found["apipie"])["key"], "ok")
        self.set_up({"name": "desk", "dialect": "klingon", "base_url": DEAD})
        self.assertEqual(list(self.doctor(code=2)), ["apipie"])
        self.assertEqual(self.run_cli("doctor"), 2)
        self.assertLessEqual(max(map(len, self.out.decode().replace(self.folder, "").splitlines())), 80)

    def serve(self, status=200, date=None, body=None):
        """A gateway with an answer and a clock of its own."""
        counter = self.count(answer)

        def do_GET(handler):
            if date is not None:
                handler.date_time_string = lambda *more: date
            answer(handler, status, body if body is not None else {"data": []})

        counter.server.RequestHandlerClass.do_GET = do_GET
        return counter

    def test_clock(self):
        for ahead, word in ((300, "behind"), (-7200, "ahead of")):
            self.serve(date=email.utils.formatdate(time.time() + ahead, usegmt=True))
            clock = self.doctor()["apipie"]["clock"]
            self.assertEqual(clock["state"], "warning")
            self.assertRegex(clock["message"], r"is %d?\d+ s %s the server's" % (abs(ahead) // 1000, word))
            self.assertTrue(clock["hint"])
        self.serve(date="yesterday")
        self.assertIn("unknown", self.doctor()["apipie"]["clock"]["message"])

    def test_an_answer_that_is_none(self):
        self.serve(500, body={"error": {"message": "it broke"}})
        found = self.doctor(code=7)
        self.assertEqual(found["apipie"]["models"]["state"], "failed")
        self.assertIn("it broke", found["apipie"]["models"]["message"])
        self.assertEqual(found["apipie"]["key"]["state"], "warning")
        self.serve(200, body=b"<html>welcome</html>")
        self.assertEqual(self.doctor(code=8)["apipie"]["models"]["state"], "failed")
        self.serve(200)
        self.assertEqual(self.doctor()["apipie"]["models"]["state"], "warning")  # none that make pictures

    def test_proxies(self):
        self.env["https_proxy"] = "http://ada:%s@127.0.0.1:9" % SECRET
        self.set_up({"name": "far", "dialect": "apipie", "base_url": "https://nowhere.invalid/v1"})
        found = self.doctor(code=6)
        self.assertEqual(found["far"]["proxy"]["message"], "through https_proxy: 127.0.0.1:9")
        self.assertEqual(found["far"]["connect"]["state"], "failed")
        self.assertEqual(self.value["proxies"], [{"scheme": "https", "variable": "https_proxy", "proxy": "127.0.0.1:9"}])
        self.assertEqual(found["apipie"]["proxy"]["message"], "none")
        self.assertEqual(self.run_cli("doctor"), 6)
        self.assertNotIn(SECRET, self.out.decode() + self.err)
        self.assertNotIn(KEY, self.out.decode())

    def test_interrupted(self):
        arrived = threading.Event()

        def do_GET(handler):
            arrived.set()
            time.sleep(20)

        self.count(answer).server.RequestHandlerClass.do_GET = do_GET
        with self.popen("doctor", "--json") as process:
            self.assertTrue(arrived.wait(20))
            process.send_signal(signal.SIGINT)
            self.out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertEqual(self.error()["code"], "cancelled")
