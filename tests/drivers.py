"""Every driver of Python connects with a connection URI exactly as it was handed out: DIRECT and POOLED.

Prints `DRIVER KIND ok` for each; fails at the first that does not answer rightly.
"""

import asyncio
import os
from urllib.parse import quote

import asyncpg
import psycopg
import psycopg2
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine


async def by_asyncpg(uri):
    connection = await asyncpg.connect(uri, timeout=30, server_settings={"application_name": "driver", "jit": "off"})
    try:
        assert await connection.fetchval("select 40 + $1::int", 2) == 42
        assert await connection.fetchval("show application_name") == "driver"
    finally:
        await connection.close()


def by_psycopg(uri):
    with psycopg.connect(uri) as connection:
        assert connection.execute("select 40 + %s::int", [2]).fetchone() == (42,)
    refused(lambda: psycopg.connect(uri + "&options=" + quote("endpoint=ep-other-place-a1234567")), "endpoint could not be found")
    refused(lambda: psycopg.connect(uri + "&options=" + quote("project=ep-other-place-a1234567")), "endpoint could not be found")
    for taken_off in ("neon_timestamp:2026-01-01T00:00:00Z", "neon_lsn:0/16B3740", "-c statement_timeout=5s"):
        psycopg.connect(uri + "&options=" + quote(taken_off)).close()


def by_psycopg2(uri):
    connection = psycopg2.connect(uri)
    cursor = connection.cursor()
    cursor.execute("select 40 + %s::int", [2])
    assert cursor.fetchone() == (42,)
    connection.close()


def by_sqlalchemy(uri):
    engine = sqlalchemy.create_engine(uri.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("select 40 + :n"), {"n": 2}).scalar() == 42
    engine.dispose()


async def by_async_engine(engine):
    async with engine.connect() as connection:
        assert (await connection.execute(sqlalchemy.text("select 40 + :n"), {"n": 2})).scalar() == 42
    await engine.dispose()


def by_sqlalchemy_async(uri):
    asyncio.run(by_async_engine(create_async_engine(uri.replace("postgresql://", "postgresql+psycopg://", 1))))
    # its dialect of asyncpg takes the parameters apart by itself, and knows no `sslmode`; asyncpg does
    asyncio.run(by_async_engine(create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(uri))))


def refused(work, words):
    try:
        work()
    except psycopg.OperationalError as error:
        assert words in str(error), error
        return
    raise AssertionError("it is not refused")


for kind in ("DIRECT", "POOLED"):
    uri = os.environ[kind]
    for name, drive in {
        "asyncpg": lambda uri: asyncio.run(by_asyncpg(uri)),
        "psycopg": by_psycopg,
        "psycopg2": by_psycopg2,
        "sqlalchemy": by_sqlalchemy,
        "sqlalchemy async": by_sqlalchemy_async,
    }.items():
        drive(uri)
        print(name, kind.lower(), "ok", flush=True)
