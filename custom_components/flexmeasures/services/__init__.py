"""The actions."""

from .actions import async_setup_services

__all__ = ["async_setup_services"]
