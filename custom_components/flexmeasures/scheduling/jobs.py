"""Jobs on the server that are waited for, also over a reload or a restart."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from ..coordinator import ScheduleCoordinator
from ..device.job import JobUnderWay
from .request import PreparedRequest

type Requests = Mapping[str, PreparedRequest]
"""What is asked for together, by subentry id; first that of the device it is wanted for."""

type Coordinators = Mapping[str, ScheduleCoordinator]
"""By subentry id."""


@dataclass(frozen=True, slots=True)
class AcceptedJob:
    """A job that the server has accepted."""

    id: str
    since: datetime
    """When it was asked for."""
    is_unattended: bool
    """Whether nobody is there to whom a failure would be told."""
    requests: Requests

    def parts(
        self, coordinators: Coordinators
    ) -> Iterator[tuple[ScheduleCoordinator, JobUnderWay]]:
        """Return what each of its devices remembers of it, but for those that are gone."""
        for subentry_id, request in self.requests.items():
            if coordinator := coordinators.get(subentry_id):
                yield (
                    coordinator,
                    JobUnderWay(
                        id=self.id,
                        since=self.since,
                        digest=request.digest,
                        is_unattended=self.is_unattended,
                        request=request.as_json(),
                    ),
                )


def jobs_under_way(coordinators: Coordinators) -> Iterable[AcceptedJob]:
    """Put together what each device remembers of its job.

    What cannot be read, since another version of the integration has written it, is
    given up.
    """
    jobs: dict[str, AcceptedJob] = {}
    requests: dict[str, dict[str, PreparedRequest]] = {}
    for subentry_id, coordinator in coordinators.items():
        if (part := coordinator.memory.job) is None:
            continue
        try:
            request = PreparedRequest.from_json(part.request)
        except KeyError, TypeError, ValueError:
            coordinator.async_end_job(part.id)
            continue
        requests.setdefault(part.id, {})[subentry_id] = request
        jobs.setdefault(
            part.id,
            AcceptedJob(part.id, part.since, part.is_unattended, requests[part.id]),
        )
    return jobs.values()
