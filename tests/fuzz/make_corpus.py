#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seed inputs of the fuzz targets into corpus/. Run it after a change and commit what it wrote."""
import base64
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 16, 32, 8, 2, 0, 0, 0)
PNG64 = base64.b64encode(PNG + b"\x3f\xef\xbe\xfb\xff\x3e\x01")
JPEG = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08\x02\x58\x04\0\x03"
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf\0\0\0\x14ispe\0\0\0\0\0\0\x04\0\0\0\x02\x58"

JSON = {
    "gateway": b'{"created":1,"data":[{"url":"https://x.ai/a.jpg","b64_json":null}],"usage":{"cost":0.008000}}',
    "base64": b'{"data":[{"b64_json":"%s"}]}' % PNG64,
    "data-uri": b'{"data":[{"url":"data:image/png;base64,%s"}]}' % PNG64,
    "escapes": b'{"images":["\\/9j\\/4AAE\\nSkY\\u002f ","\\ud83d\\ude00","x"],"a\\u0062":"\\ud800\\u0000\\x"}',
    "duplicate": b'{"output":["/a"],"output":"%s","images":["QUJD"],"images":["%s"]}' % (PNG64, PNG64),
    "deep-path": b'{"a":[[{"b":{"c":["%s",null]}}],[]]}' % PNG64,
    "bare": b'\xef\xbb\xbf ["%s",["x"],{}]' % PNG64,
    "numbers": b'[1e999,18446744073709552000,0.008000,NaN,-Infinity,01,-0,1.,true,nul]',
    "damage": b'{"a":[1 2,],,"b" 3,"c":,"d":[1},"e":"\xff\xe2\x82"} tail',
    "deep": b"[" * 70 + b'"]"' + b"]" * 70 + b"]",
    "quotes": b'{"a":"\\"\\\\\\b\\f\\n\\r\\t\x01\x1f\x7f","b\\"":{}}',
    "dead": b"{'a':1}",
}
BODIES = {
    "png": PNG,
    "jpeg": JPEG,
    "avif": AVIF,
    "svg": b'<?xml version="1.0"?>\n<svg width="1"/>',
    "html": b"<!DOCTYPE html><title>502</title>",
    "data": b"\n data:image/png;base64," + PNG64,
    "blank": b" \r\n" * 100 + b"{}",
    "unknown": bytes(range(256)),
}
BASE64 = {
    "good": PNG64,
    "lines": b"\r\n".join(PNG64[i:i + 10] for i in range(0, len(PNG64), 10)),
    "url": b"__8-_w",
    "padded": b"QUJDRA==\n",
    "bits": b"QUJDRB==",
    "lonely": b"QUJDR",
    "bad": b"QUJD*QUJDQUJDQUJDQUJDQUJD",
    "behind": b"QQ==QQ==",
}
MODELS = {
    "wire": b'{"object":"list","data":[{"id":"prodia/x","model":"x","provider":"prodia","type":"image","enabled":1,'
            b'"available":"1","max_tokens":"8,192","input_cost":"0.0000001800","avg_cost":"0.0080","price_type":"image",'
            b'"latency":"1162/2145/6245/8234/18456/8162","query_count":"310,000",'
            b'"img_json":"{\\"standard\\":{\\"1024x1024\\":0.008},\\"hd\\":{\\"1024x1024\\":\\"0.016\\"}}"}]}',
    "bare": b'[{"id":"openai/dall-e-3","img_json":[{"size":"1024 X 1792","quality":"hd","price":"$0.12"},'
            b'{"width":256,"height":256,"cost":0.02}]},{"provider":"pool","model":"p","type":null}]',
    "odd-rows": b'{"data":[null,7,"x",[],{},{"model":"m"},{"provider":"p"},{"id":"p/"},{"id":"/"},{"id":"p/a"},{"id":"p/a"}]}',
    "absurd": b'[{"id":"p/a","input_cost":-1,"output_cost":1e999,"avg_cost":true,"latency":"-1/x//","img_json":{"1x1":[1e30,-2]}},'
              b'{"id":"p/b","price_type":"images","img_price":"10000.000000000001","query_count":-5,"enabled":2}]',
    "merged": b'{"data":[{"id":"a","provider":"Prodia","model":"prodia/dreamshaper_8","description":"\\u0001\xff\\ud800"}]}',
    "deep": b'[{"id":"a/b","img_json":' + b"[" * 20 + b"1" + b"]" * 20 + b'},{"id":"a/c","img_json":"[\\"[1]\\"]"}]',
    "damage": b'{"data":[{"id":"a/b","x":"\\\\"},,{"id":"a/c" "y":{]},{"id":"a/d"}] tail',
    "twice": b'\xef\xbb\xbf {"data":[1],"x":{"data":[2]},"data":[{"id":"a/b"}]}',
    "restrictions": b'{"data":[{"restrict_id":1,"name":"a","countries":"{\\"countries\\":[{\\"name\\":\\"Cuba\\",\\"alpha-2\\":\\"CU\\"},'
                    b'{}]}"},{"restrict_id":2,"name":"b/c","countries":{"countries":["DE","Peru",7,{"alpha-2":"FR"}]}},'
                    b'{"name":"d","countries":[[]]},{"restrict_id":3,"countries":"["}]}',
    "detailed": b'[{"id":"p/a","max_images_per_prompt":4,"pricing":{"confirmed":{"input_cost":"0.18","output_cost":-1},'
                b'"advertised":{"input_cost_per_token":1.8e-7,"output_cost_per_token":1e400}},'
                b'"supported_input_parameters":{"size":{"enum":["1024x1024"]}}}]',
    "none": b'{"error":{"message":"no"}}',
}
DONE = b'{"type":"x.completed","b64_json":"%s","usage":{"cost":0.1}}' % PNG64
SKETCH = b'{"type":"x.partial_image","partial_image_index":0,"b64_json":"QUJD"}'
EVENTS = {
    "openai": b"event: x.partial_image\ndata: %s\n\nevent: x.completed\ndata: %s\n\n" % (SKETCH, DONE),
    "returns": b"\xef\xbb\xbfdata:%s\r\r:hi\r\n\r\ndata: %s\r\n\r\ndata: [DONE]\n\ndata:x" % (SKETCH, DONE),
    "late-name": b'data: {"b64_json":"QUJD"}\nevent: x.partial_image\n\ndata:{"b64_json":"%s"}\nevent: x\n\n' % PNG64,
    "lines": b'data\ndata: {"b64_json":\ndata: "QU\ndata: JD",\ndata: "type":"x.part\\u0069al_image"}\n\n',
    "several": b'data: {"data":[{"b64_json":"QUJD"},{"b64_json":null}],"url":"/a","type":"x.partial_image"}\n\n',
    "error": b'event: error\ndata: it broke\n\ndata: {"type":"error","error":{"message":"no"}}\n\nevent: error\ndata\n\n',
    "damage": b'data: {"a":"x\n\ndata: [[[\n\ndata: [DO\ndata: {"b64_json":"Q!"}\nid: 1\nretry: 5\n\ndata: [DONE',
}


def tracked(wall, model, price, ms="5", available="1"):
    return ('{"wall_ms":%s,"type":"image","provider":"prodia","model":"%s","price_usd":%s,"input_usd":null,"output_usd":0.5,'
            '"average_usd":null,"latency_ms":[null,1,2,3,4,%s],"available":%s}\n' % (wall, model, price, ms, available)).encode()


TRACK = {
    "good": tracked("1000", "a", '"0.1"') + tracked("2000", "b", "null") + tracked("3000", "a", '"0.2"', "null", "0"),
    "disorder": tracked("3000", "a", '"0.1"') + tracked("1000", "dreamshaper_8", '"0.3"') + tracked("2000", "a", '"0.2"'),
    "bad": tracked("-1", "a", '"0.1"') + tracked("1e30", "a", '"0.1"') + tracked("1", "", '"0.1"') + tracked("1", "a", '"-1"') +
           tracked("1", "a", '"20000"') + tracked("1", "a", '"1"', "[]") + tracked("1", "a", '"1"', "5", "2") + b"{}\n[]\n\r\n\xff",
    "cut": tracked("1000", "\\u00e9\\\"", '"0.1"') + tracked("2000", "b", '"0.2"')[:60],
    "long": b" " + tracked("1000", "a" * 40000, '"0.1"') + tracked("2000", "b", '"0.2"'),
}

PART = b"--B\r\nContent-Type: x/y\r\n\r\n"
FORMS = {
    "form": PART + b'{"id":"j","data":[{"b64_json":"QUJD"}]}' + b"\r\n" + PART + BODIES["png"] + b"\r\n--B\r\r\n--B--\r\n",
    "form-two": b"words\r\n" + PART + BODIES["png"] + b"\r\n" + PART + BODIES["jpeg"] + b"\r\n--B",
    "form-cut": PART + BODIES["jpeg"] + b"\r\n--Bx\n--B \t\r\n\n[1",
    "form-none": BODIES["png"],
}


def write(folder, name, content):
    (HERE / folder).mkdir(parents=True, exist_ok=True)
    (HERE / folder / name).write_bytes(content)


for name, text in JSON.items():
    write("split", name, b"\xff" + text)
    write("reply", name, b"\0\x03" + text)
for name, body in BODIES.items():
    write("reply", name, b"\0\x05" + body)
    write("reply", name + "-download", b"\x12\x01" + body)
write("split", "small-room", b"\0" + JSON["escapes"] * 3)
write("reply", "too-large", b"\x20\x09" + JSON["base64"].replace(PNG64, PNG64 * 3))
write("reply", "cut", b"\x10\x02" + JSON["base64"][:-10])
for name, body in FORMS.items():
    write("reply", name, b"\x40\x05" + body)
write("reply", "form-failed", b"\x4c\x02" + FORMS["form"])
write("reply", "failed", b"\x0c\x02" + JSON["damage"])
for name, text in EVENTS.items():
    write("events", name, b"\0\x05" + text)
write("events", "text-type", b"\x01\x03" + EVENTS["openai"])
write("events", "too-large", b"\x06\x02" + (EVENTS["openai"] + EVENTS["late-name"]).replace(b"QUJD", PNG64 * 2))
for name, text in BASE64.items():
    write("base64", name, b"\x06" + text)
for name, text in MODELS.items():
    write("models", name, text)
for name, text in TRACK.items():
    write("track", name, text)
