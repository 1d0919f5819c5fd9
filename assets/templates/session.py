"""Database engine, and a session for each request."""

import os
from collections.abc import Iterator
from pathlib import Path

from dotenv import load_dotenv
from sqlmodel import Session, create_engine

# The path is relative to this file, so the app can be started from any folder. The file is loaded before os.environ is
# read; a variable that is already set wins.
ENV_FILE = @ENV_FILE@
load_dotenv(ENV_FILE)

DATABASE_URL = os.environ.get("@KEY@")
if not DATABASE_URL:
    raise RuntimeError(
        f"@KEY@ is not set: neither in the environment nor in {ENV_FILE}. "
        "Run `neonup setup env`, or copy .env.example to .env and fill it in."
    )

engine = create_engine(
    DATABASE_URL,
    echo=False,
    # an idle Neon compute goes to sleep, so each connection is tested before use
    pool_pre_ping=True,
    pool_size=5,
    max_overflow=10,
    connect_args=@CONNECT_ARGS@,
)


def get_session() -> Iterator[Session]:
    """Yields a session and closes it after the request."""
    with Session(engine) as session:
        yield session
