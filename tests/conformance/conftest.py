"""The engines, each started once. Not collected where Ibis isn't installed: `make conformance` has an environment for it.

Without Java, PySpark is a skip with its reason; with CI=true it is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

HAVE = all(find_spec(name) is not None for name in ("ibis", "duckdb", "pyspark"))
collect_ignore_glob = [] if HAVE else ["test_*.py"]

if HAVE:
    from tests.conformance import loading

    @pytest.fixture(scope="session", params=loading.NAMES)
    def engine(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[loading.Engine]:
        folder = tmp_path_factory.mktemp(request.param)
        if request.param == "pyspark" and shutil.which("java") is None:
            if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
                pytest.fail("PySpark needs Java 17, and there is no java on the PATH")
            pytest.skip("no java on the PATH: PySpark isn't compared")
        start = {
            "duckdb": loading.duckdb_tables,
            "duckdb-parquet": lambda: loading.duckdb_files(folder),
            "postgres": loading.postgres,
            "pyspark": lambda: loading.pyspark(folder),
        }[request.param]
        with start() as started:
            yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "conformance" in item.nodeid:
            item.add_marker("conformance")
