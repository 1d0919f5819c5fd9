"""The database."""

from .session import engine, get_session

__all__ = ["engine", "get_session"]
