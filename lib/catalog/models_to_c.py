#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""models_to_c.py MODELS.tsv OUT.c: the table of pie_models, for lib/catalog/catalog.h."""
import csv
import sys

FAMILIES = ["SD 1.x", "SD 2.x", "SDXL"]
LICENSES = {"CreativeML Open RAIL-M": "https://huggingface.co/spaces/CompVis/stable-diffusion-license"}


def quoted(text):
    if text is None or any(ord(c) < 32 or ord(c) > 126 for c in text):
        sys.exit("models.tsv: missing, or not plain ASCII: " + repr(text))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else "NULL"


def fields(row):
    needed = "model provider description best_for family series speciality".split()
    if not all(row[name] for name in needed) or row["type"] != "Image":
        sys.exit("models.tsv: incomplete: " + repr(row))
    if row["family"] not in FAMILIES or row["edits"] not in "01" or row["side"] not in ("512", "768", "1024"):
        sys.exit("models.tsv: an odd value: " + repr(row))
    texts = [row["provider"].lower(), row["model"]]
    texts += [row[name] for name in "description best_for family series version speciality license".split()]
    texts.append(LICENSES[row["license"]] if row["license"] else "")
    return list(map(quoted, texts)) + [row["side"], row["edits"]]


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
            f.write("    {" + ", ".join(fields(row)) + "},\n")
        f.write("};\nconst size_t pie_model_count = PIE_COUNT(pie_models);\n")


main(*sys.argv[1:])
