#!/usr/bin/python3
"""What `--format json`, `jsonl` and `sarif` print is what their schema says.

    audit_schema.py AUDIT_SAMPLE SCHEMA

The tests' reports, the hostile one among them, are printed by AUDIT_SAMPLE. The schema lets no unknown member pass and
asks for every known one, so that neither a renamed field nor a forgotten one goes unnoticed.
"""
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import jsonschema

WORLDS = ["good", "terrible", "failed", "hostile"]


def sample(program, form, *worlds):
    return subprocess.run([program, form, "80", "plain", *worlds], check=True, stdout=subprocess.PIPE,
                          timeout=60).stdout.decode("utf-8", errors="strict")


def strict(schema):
    """The same, closed: readers must take new members, our own output has none that is not described."""
    if isinstance(schema, dict):
        closed = {key: strict(value) for key, value in schema.items()}
        if "properties" in closed and closed.get("type") == "object":
            closed["additionalProperties"] = False
            if closed["required"] != list(closed["properties"]) and not closed.get("$comment"):
                raise SystemExit(f"not all members are required: {sorted(closed['properties'])}")
        return closed
    return [strict(value) for value in schema] if isinstance(schema, list) else schema


def must_fail(validator, document, how):
    if validator.is_valid(document):
        raise SystemExit(f"the schema takes a document with {how}")


def main():
    program, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(strict(schema))

    document = json.loads(sample(program, "json", *WORLDS))
    validator.validate(document)
    assert len(document["reports"]) == 4
    assert document["reports"][2]["failure"] and not document["reports"][2]["findings"]
    for world in WORLDS:
        validator.validate(json.loads(sample(program, "json", world)))
    lines = sample(program, "jsonl", *WORLDS).splitlines()
    assert [json.loads(line) for line in lines] == document["reports"], "json and jsonl differ"
    for line in lines:
        validator.validate(json.loads(line))

    must_fail(validator, {**document, "schema": "gate443-audit/2"}, "another version")
    report = document["reports"][0]
    must_fail(validator, {**report, "more": 1}, "an unknown member")
    must_fail(validator, {key: value for key, value in report.items() if key != "findings"}, "no findings")
    must_fail(validator, {**report, "findings": [{**report["findings"][0], "verdict": "maybe"}]}, "a fourth verdict")

    sarif = json.loads(sample(program, "sarif", *WORLDS))
    assert sarif["version"] == "2.1.0" and len(sarif["runs"]) == 4
    for run in sarif["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert (result["kind"] == "fail") == (result["level"] != "none")

    for form in ("junit",):
        root = ElementTree.fromstring(sample(program, form, *WORLDS))
        for suite in root:
            for count, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped"),
                               ("errors", "error")):
                assert int(suite.get(count)) == len(list(suite.iter(tag))), (suite.get("name"), tag)


if __name__ == "__main__":
    main()
