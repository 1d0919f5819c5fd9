"""The web API."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from sqlalchemy import text
from sqlmodel import Session, SQLModel

from src.db import engine, get_session
from src.models import Task, User  # noqa: F401  (fills SQLModel.metadata)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Creates missing tables on start-up and closes the connections at the end."""
    SQLModel.metadata.create_all(engine)
    yield
    engine.dispose()


app = FastAPI(title="aido-todo", lifespan=lifespan)
app.add_middleware(
    CORSMiddleware,
    allow_origins=[os.getenv("FRONTEND_URL", "http://localhost:3000")],
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)


@app.get("/health")
def health_check(session: Session = Depends(get_session)) -> dict[str, str]:
    """Reports whether the database answers."""
    try:
        session.connection().execute(text("SELECT 1"))
    except Exception as error:
        raise HTTPException(status_code=503, detail="Database unavailable") from error
    return {"status": "healthy", "database": "connected"}
