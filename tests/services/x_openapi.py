"""X's own description of its API v2, against which requests and answers are held.

Collecting asks in X's older words (``tweet.fields``), which X goes on answering; the description names those at its
streams only. So the older words are held against what it says there.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_OLDER = "/2/tweets/search/stream"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list, tuple), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,),
}  # fmt: skip


class Description:
    """What may be asked and what is answered."""

    def __init__(self, archive: Path) -> None:
        self._all = json.loads(gzip.decompress(archive.read_bytes()))
        self._paths = {re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): path for path in self._all["paths"]}
        self._older = {one["name"]: one["schema"] for one in self._parameters(_OLDER, "get")}

    def schema(self, name: str) -> dict[str, Any]:
        """A schema by its name."""
        found: dict[str, Any] = self._all["components"]["schemas"][name]
        return found

    def request_faults(self, method: str, path: str, query: dict[str, str], body: object = None) -> list[str]:
        """What is wrong with a request."""
        template = self._template(path)
        if template is None or method.lower() not in self._all["paths"][template]:
            return [f"{method} {path} is not described"]
        known = {one["name"]: one for one in self._parameters(template, method.lower())}
        faults = [
            f"{name} is missing"
            for name, one in known.items()
            if one.get("required") and one["in"] == "query" and name not in query
        ]
        for name, value in query.items():
            faults += self._parameter_faults(name, value, known)
        if body is not None:
            described = self._all["paths"][template][method.lower()]["requestBody"]["content"]["application/json"]
            faults += self.faults(body, described["schema"])
        return faults

    def answer_faults(self, method: str, path: str, body: object) -> list[str]:
        """What is wrong with an answer."""
        template = self._template(path)
        assert template is not None
        answers = self._all["paths"][template][method.lower()]["responses"]
        described = answers.get("200") or answers["201"]
        return self.faults(body, described["content"]["application/json"]["schema"])

    def faults(self, value: object, schema: dict[str, Any], at: str = "") -> list[str]:
        """Where a value departs from a schema."""
        return list(self._faults(value, schema, at))

    def _template(self, path: str) -> str | None:
        """The described path, a written one before one with a name in it."""
        if path in self._all["paths"]:
            return path
        return next((template for pattern, template in self._paths.items() if pattern.fullmatch(path)), None)

    def _parameters(self, template: str, method: str) -> list[dict[str, Any]]:
        listed = self._all["paths"][template][method].get("parameters", [])
        return [self._resolved(one) for one in listed]

    def _resolved(self, one: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in one:
            found: Any = self._all
            for part in one["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            one = found
        return one

    def _parameter_faults(self, name: str, value: str, known: dict[str, dict[str, Any]]) -> list[str]:
        schemas = [known[name]["schema"]] if name in known else []
        if name in ("tweet.fields", "expansions"):
            schemas.append(self._older[name])
        if not schemas:
            return [f"{name} is no parameter"]
        tried = [self.faults(_typed(value, self._resolved(one)), one, name) for one in schemas]
        return min(tried, key=len)

    def _faults(self, value: object, schema: dict[str, Any], at: str) -> Iterator[str]:
        schema = self._resolved(schema)
        if value is None and schema.get("nullable"):
            return
        for kind in ("oneOf", "anyOf"):
            if kind in schema and not any(not self.faults(value, one, at) for one in schema[kind]):
                yield f"{at}: {value!r} fits none"
        if "type" in schema:
            fits = isinstance(value, _TYPES[schema["type"]]) and not (schema["type"] == "integer" and value is True)
            if not fits:
                yield f"{at}: {value!r} is no {schema['type']}"
                return
        yield from _bounds(value, schema, at)
        if isinstance(value, dict):
            yield from self._members(value, schema, at)
        if isinstance(value, list) and "items" in schema:
            for number, one in enumerate(value):
                yield from self._faults(one, schema["items"], f"{at}[{number}]")

    def _members(self, value: dict[str, Any], schema: dict[str, Any], at: str) -> Iterator[str]:
        known = schema.get("properties", {})
        yield from (f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value)
        for name, one in value.items():
            if name in known:
                yield from self._faults(one, known[name], f"{at}.{name}")
            elif schema.get("additionalProperties") is False or known:
                yield f"{at}.{name} is not described"


def _bounds(value: object, schema: dict[str, Any], at: str) -> Iterator[str]:
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of those allowed"
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{at}: {value!r} does not fit"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{at}: {len(value)} characters"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value} is out of bounds"
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        if schema.get("uniqueItems") and len(set(map(str, value))) < len(value):
            yield f"{at}: items twice"


def _typed(text: str, schema: dict[str, Any]) -> object:
    """A parameter's text as the kind of value that the schema wants."""
    if schema.get("type") == "array":
        return text.split(",")
    return int(text) if schema.get("type") == "integer" and text.isdigit() else text
