"""Lexicons: descriptions of atproto's interfaces, against which requests, answers and records are held."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMATS = {
    "did": r"did:[a-z]+:[A-Za-z0-9._:%-]+",
    "handle": r"([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*",
    "at-identifier": r"did:[a-z]+:[A-Za-z0-9._:%-]+|([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*",
    "at-uri": r"at://[^/\s]+(/[A-Za-z0-9.-]+(/[A-Za-z0-9.:_~-]+)?)?",
    "cid": r"[A-Za-z0-9+]{8,256}",
    "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)",
    "uri": r"[a-z][a-z0-9+.-]*:\S+",
    "language": r"[A-Za-z]{1,8}(-[A-Za-z0-9]+)*",
    "record-key": r"[A-Za-z0-9.:_~-]{1,512}",
    "nsid": r"[A-Za-z0-9.-]+",
    "tid": r"[234567abcdefghij][234567abcdefghijklmnopqrstuvwxyz]{12}",
}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
}  # fmt: skip


class Lexicons:
    """All that are in the archive, by id."""

    def __init__(self, archive: Path) -> None:
        self._all: dict[str, Any] = {}
        self.used: set[str] = set()
        with tarfile.open(archive) as tar:
            for member in tar:
                if "/lexicons/" in member.name and member.name.endswith(".json"):
                    file = tar.extractfile(member)
                    assert file
                    found = json.load(file)
                    self._all[found["id"]] = found["defs"]

    @property
    def names(self) -> set[str]:
        """The ids of all lexicons."""
        return set(self._all)

    def knows(self, name: str) -> bool:
        """Whether a lexicon is in the archive."""
        return name in self._all

    def params_faults(self, name: str, query: dict[str, list[str]]) -> list[str]:
        """What is wrong with the parameters of a query."""
        main = self._main(name, "query")
        described = main.get("parameters", {"properties": {}})
        faults = [f"{name}: {one} is missing" for one in described.get("required", []) if one not in query]
        for key, values in query.items():
            schema = described["properties"].get(key)
            if schema is None:
                faults.append(f"{name}: {key} is not described")
                continue
            faults += self.faults(_typed(values, schema), schema, name, key)
        return faults

    def input_faults(self, name: str, body: object) -> list[str]:
        """What is wrong with the body of a procedure."""
        return self.faults(body, self._main(name, "procedure")["input"]["schema"], name, "body")

    def output_faults(self, name: str, body: object) -> list[str]:
        """What is wrong with an answer."""
        return self.faults(body, self._all[name]["main"]["output"]["schema"], name, "answer")

    def record_faults(self, name: str, record: object) -> list[str]:
        """What is wrong with a record."""
        self.used.add(name)
        return self.faults(record, self._all[name]["main"]["record"], name, "record")

    def def_faults(self, ref: str, value: object) -> list[str]:
        """What is wrong with a part; ``app.bsky.feed.defs#postView``."""
        return list(self._ref(value, ref, "", ref))

    def faults(self, value: object, schema: dict[str, Any], home: str, where: str) -> list[str]:
        """What is wrong with a value; references to lexicons that are not in the archive are let pass."""
        return list(self._faults(value, schema, home, where))

    def _main(self, name: str, kind: str) -> dict[str, Any]:
        self.used.add(name)
        main: dict[str, Any] = self._all[name]["main"]
        assert main["type"] == kind, f"{name} is no {kind}"
        return main

    def _faults(self, value: object, schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        kind = schema["type"]
        if kind == "ref":
            yield from self._ref(value, schema["ref"], home, where)
        elif kind == "union":
            yield from self._union(value, schema, home, where)
        elif kind in _TYPES:
            if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
                yield f"{home}: {where} is no {kind}: {value!r:.80}"
            else:
                yield from getattr(self, f"_{kind}")(value, schema, home, where)

    def _ref(self, value: object, ref: str, home: str, where: str) -> Iterator[str]:
        name, _, part = ref.partition("#")
        name = name or home
        if name not in self._all:
            return
        self.used.add(name)
        schema = self._all[name][part or "main"]
        yield from self._faults(value, schema, name, where) if schema["type"] != "token" else ()

    def _union(self, value: object, schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        if not isinstance(value, dict) or not isinstance(value.get("$type"), str):
            yield f"{home}: {where} names no $type"
            return
        for ref in schema["refs"]:
            if value["$type"].removesuffix("#main") == (home + ref if ref.startswith("#") else ref):
                yield from self._ref(value, ref, home, where)
                return
        if schema.get("closed"):
            yield f"{home}: {where} may not be {value['$type']}"

    def _object(self, value: dict[str, Any], schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        for key in schema.get("required", []):
            if key not in value:
                yield f"{home}: {where}.{key} is missing"
        for key, one in value.items():
            if key in schema.get("properties", {}) and not (one is None and key in schema.get("nullable", [])):
                yield from self._faults(one, schema["properties"][key], home, f"{where}.{key}")

    def _array(self, value: list[Any], schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        if len(value) > schema.get("maxLength", len(value)):
            yield f"{home}: {where} has {len(value)} items"
        for one in value:
            yield from self._faults(one, schema["items"], home, where)

    def _string(self, value: str, schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        if len(value.encode()) > schema.get("maxLength", 2**31):
            yield f"{home}: {where} is too long"
        if (said := schema.get("format")) and not re.fullmatch(FORMATS[said], value):
            yield f"{home}: {where} is no {said}: {value!r:.80}"

    def _integer(self, value: int, schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{home}: {where} is out of bounds: {value}"

    def _boolean(self, value: bool, schema: dict[str, Any], home: str, where: str) -> Iterator[str]:
        if "const" in schema and value != schema["const"]:
            yield f"{home}: {where} is {value}"


def _typed(values: list[str], schema: dict[str, Any]) -> object:
    if schema["type"] == "array":
        return values
    value = values[-1]
    if schema["type"] == "integer":
        return int(value) if value.lstrip("-").isdigit() else value
    return value == "true" if schema["type"] == "boolean" else value
