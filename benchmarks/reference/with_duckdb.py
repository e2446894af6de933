"""DuckDB's scan of every column of a Parquet file, with two threads as ours."""

import json
import sys
import time

import duckdb

path = sys.argv[1]
connection = duckdb.connect()
connection.execute("SET threads = 2")
columns = connection.execute(
    "SELECT name, type FROM (DESCRIBE SELECT * FROM read_parquet(?)) t(name, type, a, b, c, d)", [path]
)
asked = [f"sum(length({n}))" if kind == "VARCHAR" else f"sum({n})" for n, kind in columns.fetchall()]
began = time.perf_counter()
connection.execute(f"SELECT {', '.join(asked)} FROM read_parquet(?)", [path]).fetchone()
print(json.dumps({"seconds": time.perf_counter() - began}))
