"""The database, image and command of the journeys, for the commands of this area."""

from tests.journeys.conftest import database, image, run

__all__ = ["database", "image", "run"]
