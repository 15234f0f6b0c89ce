#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""models_to_c.py MODELS.tsv OUT.c: the table of pie_models, for lib/catalog/catalog.h."""
import csv
import sys


def quoted(text):
    if any(ord(c) < 32 or ord(c) > 126 for c in text):
        sys.exit("models.tsv: not plain ASCII: " + repr(text))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(source, target):
    with open(source, newline="", encoding="ascii") as f:
        rows = list(csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE))
    names = [row["model"] for row in rows]
    if len(set(names)) != len(names):
        sys.exit("models.tsv: a model occurs twice")
    with open(target, "w", encoding="ascii", newline="\n") as f:
        f.write("/* Made by models_to_c.py from models.tsv: change that. */\n")
        f.write('#include "catalog/catalog.h"\n\nconst struct pie_model pie_models[] = {\n')
        for row in rows:
            fields = row["provider"].lower(), row["model"], row["description"], row["best_for"]
            f.write("    {" + ", ".join(map(quoted, fields)) + "},\n")
        f.write("};\nconst size_t pie_model_count = PIE_COUNT(pie_models);\n")


main(*sys.argv[1:])
