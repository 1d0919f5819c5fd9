"""The database engine, and a session for each request."""

import os
from collections.abc import Iterator
from pathlib import Path

from dotenv import load_dotenv
from sqlmodel import Session, create_engine

# The .env is found from here, whatever folder the application is started from. It is read before os.environ is asked; a
# variable that is set already wins.
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
    # an idle Neon compute goes to sleep: a connection is tried before it is used
    pool_pre_ping=True,
    pool_size=5,
    max_overflow=10,
    connect_args=@CONNECT_ARGS@,
)


def get_session() -> Iterator[Session]:
    """Gives a session, and closes it after the request."""
    with Session(engine) as session:
        yield session
