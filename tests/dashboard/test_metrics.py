"""Figures for Prometheus: read by its own parser, without posts and people, drawn by the shipped dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import ROOT
from tests.dashboard.bureau import Bureau, open_bureau
from tests.doubles.office import said

pytestmark = pytest.mark.slow
GRAFANA = ROOT / "docs" / "grafana" / "shenava.json"


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    made = open_bureau(tmp_path_factory.mktemp("metrics"))
    made.hear(said("p1", "my card was charged twice"))
    yield made
    made.close()


def samples(bureau: Bureau) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = bureau.as_("agent", "GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        sample.name + "".join(f" {value}" for _, value in sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_figures_are_those_of_the_health_page(bureau: Bureau) -> None:
    health = bureau.as_("agent", "GET", "/health").json()["health"]
    found = samples(bureau)
    assert found["shenava_dead_letters"] == health["dead_total"] == 0
    assert found["shenava_disk_used_bytes"] == pytest.approx(health["disk_used"], rel=0.5)
    assert found["shenava_role_up console"] == 0
    for lag in health["lag"]:
        assert found[f"shenava_lag_events {lag['group']} {lag['topic']}"] == lag["waiting"]


def test_answers_are_counted_by_kind_and_time(bureau: Bureau) -> None:
    before = samples(bureau)
    bureau.as_("agent", "GET", "/cases")
    after = samples(bureau)
    counted = "shenava_http_request_seconds_count api 2xx"
    assert after[counted] == before.get(counted, 0) + 2
    assert after["shenava_http_request_seconds_bucket api +Inf 2xx"] == after[counted]


def test_nothing_of_a_post_or_a_person_is_in_them(bureau: Bureau) -> None:
    bureau.browser.get("/search?q=charged")
    text = bureau.as_("agent", "GET", "/metrics").text
    for word in ("charged", "@", "p1", "Bearer"):
        assert word not in text


def test_whoever_may_not_read_health_reads_no_figures(bureau: Bureau) -> None:
    assert bureau.as_("analyst", "GET", "/metrics").status_code == 403
    assert bureau.browser.send("GET", "/api/v1/metrics").status_code == 401


def test_the_shipped_dashboard_draws_what_there_is(bureau: Bureau) -> None:
    asked = set(re.findall(r"shenava_\w+", json.dumps(json.loads(GRAFANA.read_text(encoding="utf-8"))["panels"])))
    text = bureau.as_("agent", "GET", "/metrics").text
    described = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
    names = described | {f"{name}_{part}" for name in described for part in ("bucket", "count")}
    assert asked <= names
    assert len(asked) > 10


def test_the_dashboard_file_is_where_the_docs_say() -> None:
    assert Path("docs/grafana/shenava.json").name in (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
