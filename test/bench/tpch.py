"""TPC-H for the benchmarks: makes its tables as Parquet files, and runs its queries in DuckDB.

tpch.py make DIR: the tables at scale 1 and queries.json in DIR.
tpch.py run DIR: for each number on standard input, runs that query as DuckDB's command line would, in a database of its own
over the files, and prints the seconds that it took.
"""

import json
import os
import sys
import time

import duckdb
import duckdb_extension_tpch

TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]


def make(folder):
    database = duckdb.connect()
    library = os.path.dirname(duckdb_extension_tpch.__file__)
    database.execute(f"LOAD '{library}/extensions/v{duckdb.__version__}/tpch.duckdb_extension'")
    database.execute("CALL dbgen(sf = 1)")
    os.makedirs(folder, exist_ok=True)
    for table in TABLES:
        database.execute(f"COPY {table} TO '{folder}/{table}.parquet' (FORMAT parquet)")
    queries = {number: text for number, text in database.execute("SELECT query_nr, query FROM tpch_queries()").fetchall()}
    with open(f"{folder}/queries.json", "w") as file:  # last, so that it tells that all is there
        json.dump(queries, file)


def run(folder):
    with open(f"{folder}/queries.json") as file:
        queries = json.load(file)
    for line in sys.stdin:
        begin = time.perf_counter()
        database = duckdb.connect()
        for table in TABLES:
            database.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{folder}/{table}.parquet')")
        database.execute(queries[line.strip()]).fetchall()
        database.close()
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    {"make": make, "run": run}[sys.argv[1]](sys.argv[2])
