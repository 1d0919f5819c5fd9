"""The tables."""

from src.models.task import Task
from src.models.user import User

__all__ = ["Task", "User"]
