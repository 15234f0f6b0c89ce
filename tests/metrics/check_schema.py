#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_schema.py SCHEMA PROGRAM: what `PROGRAM json` prints is as docs/stats.schema.json says, and the schema would see it otherwise."""
import copy
import json
import re
import subprocess
import sys

TYPES = {"object": dict, "array": list, "string": str, "integer": int}
KNOWN = {"$schema", "title", "description", "$defs", "$ref", "type", "const", "required", "properties", "items", "minItems",
         "maxItems", "minimum", "maximum", "pattern"}


def check(schema, value, root, at="$"):
    """What is wrong with value: a list of lines. Knows the words that our schema uses, and refuses others."""
    if set(schema) - KNOWN:
        raise ValueError("unknown words in the schema: %s" % (set(schema) - KNOWN))
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    wrong = []
    if "type" in schema and (not isinstance(value, TYPES[schema["type"]]) or isinstance(value, bool)):
        return ["%s is no %s" % (at, schema["type"])]
    if "const" in schema and value != schema["const"]:
        wrong.append("%s is not %r" % (at, schema["const"]))
    if "pattern" in schema and not re.search(schema["pattern"], value):
        wrong.append("%s: %r" % (at, value))
    if not schema.get("minimum", value) <= value if isinstance(value, int) else False:
        wrong.append("%s is too small" % at)
    if not schema.get("maximum", value) >= value if isinstance(value, int) else False:
        wrong.append("%s is too large" % at)
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            wrong.append("%s has %d items" % (at, len(value)))
        for i, item in enumerate(value):
            wrong += check(schema.get("items", {}), item, root, "%s[%d]" % (at, i))
    if isinstance(value, dict):
        wrong += ["%s lacks %s" % (at, name) for name in schema.get("required", []) if name not in value]
        # What we write ourselves, the schema knows.
        wrong += ["%s has %s" % (at, name) for name in value if name not in schema.get("properties", {})]
        for name, part in schema.get("properties", {}).items():
            if name in value:
                wrong += check(part, value[name], root, "%s.%s" % (at, name))
    return wrong


def spoiled(document):
    """Documents with one thing wrong in each."""
    for path, value in [(("version",), 2), (("bounds_ms",), []), (("routes", 0, "cost_usd"), "1e5"),
                        (("routes", 0, "images"), -1), (("routes", 0, "total", "buckets"), [0] * 17),
                        (("routes", 0, "ended", 0, "status"), "0"), (("routes", 0, "more"), 1), (("routes", 0, "first_ms"), 0)]:
        other = copy.deepcopy(document)
        place = other
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        yield path, other
    for name in document["routes"][0]:
        other = copy.deepcopy(document)
        del other["routes"][0][name]
        yield name, other


def main(schema_path, program):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    text = subprocess.run([program, "json"], check=True, capture_output=True, text=True, encoding="utf-8").stdout
    document = json.loads(text)
    wrong = check(schema, document, schema)
    wrong += ["not seen: %s" % (path,) for path, other in spoiled(document) if not check(schema, other, schema)]
    print("\n".join(wrong) or "%d routes are as the schema says" % len(document["routes"]))
    sys.exit(1 if wrong or len(document["routes"]) < 2 else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
