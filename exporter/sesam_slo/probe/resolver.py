"""Name look-ups beside the loop: one thread for each name that is being looked up, none for a name twice.

libcurl has a resolver of its own, which is not used: since 8.20 its look-ups share 20 threads that pycurl cannot add to, so
that 20 names whose servers hang (1 % of 2,000 endpoints) delay everybody's, and closing waits for all of them (curl#21797).
A look-up cannot be cancelled. A name that hangs therefore keeps its one thread, however many probes wait for it.
"""

from __future__ import annotations

import errno
import socket
import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from queue import SimpleQueue

MAX_THREADS = 512
MAX_ADDRESSES = 8

Lookup = Callable[[str], tuple[str, ...]]
"""Host name -> its addresses, best first. Raises OSError (of which `socket.gaierror` is one) or UnicodeError."""

LOCAL_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a look-up: addresses, or why there are none. `local`: the fault is this machine's."""

    addresses: tuple[str, ...] = ()
    fault: str = ""
    local: bool = False


@dataclass(slots=True)
class _Pending:
    asked_at: float
    waiting: list[Hashable] = field(default_factory=list)
    under_way: bool = False


def look_up(host: str) -> tuple[str, ...]:
    """Asks the system, as every program on it does (hosts file, search domains, name servers)."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))[:MAX_ADDRESSES]


class Resolver:
    """Looks names up in threads and calls `wake` (from such a thread) when an answer can be fetched.

    All methods are for one thread, the loop's.
    """

    def __init__(self, wake: Callable[[], None], lookup: Lookup = look_up, max_threads: int = MAX_THREADS) -> None:
        self._wake = wake
        self._lookup = lookup
        self._max_threads = max_threads
        self._queue: SimpleQueue[tuple[str, _Pending] | None] = SimpleQueue()
        self._answered: deque[tuple[str, Answer]] = deque()
        self._pending: dict[str, _Pending] = {}
        self._threads = 0

    def ask(self, host: str, token: Hashable, at: float) -> None:
        """Has `host` looked up for `token`; joins the look-up that is under way, if one is. `at`: monotonic seconds."""
        pending = self._pending.get(host)
        if pending is None:
            pending = self._pending[host] = _Pending(at)
            self._queue.put((host, pending))
            if self._threads < min(len(self._pending), self._max_threads):
                # A daemon: one that hangs in the system's resolver must not hold up the end of the process.
                threading.Thread(target=self._work, name="sesam-slo-resolver", daemon=True).start()
                self._threads += 1
        pending.waiting.append(token)

    def forget(self, host: str, token: Hashable) -> bool:
        """Waits for it no longer. Returns whether the look-up had begun: False means that no thread was free."""
        pending = self._pending.get(host)
        if pending is None or token not in pending.waiting:
            return True
        pending.waiting.remove(token)
        return pending.under_way

    def answers(self) -> list[tuple[Hashable, Answer, float]]:
        """What has come in: token, answer, when the look-up was asked for."""
        found: list[tuple[Hashable, Answer, float]] = []
        while self._answered:
            host, answer = self._answered.popleft()
            pending = self._pending.pop(host)
            found.extend((token, answer, pending.asked_at) for token in pending.waiting)
        return found

    def close(self) -> None:
        """Lets idle threads end; those that hang end when the system's resolver gives up."""
        for _ in range(self._threads):
            self._queue.put(None)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            host, pending = job
            pending.under_way = True
            self._answered.append((host, _answer(self._lookup, host)))
            self._wake()


def _answer(lookup: Lookup, host: str) -> Answer:
    try:
        addresses = lookup(host)
    except socket.gaierror as error:
        # Without descriptors the system's resolver cannot read its files, and says that the name is unknown.
        return Answer(fault=str(error.strerror), local=error.errno == socket.EAI_MEMORY or not _can_open_socket())
    except OSError as error:
        return Answer(fault=error.strerror or "look-up failed", local=error.errno in LOCAL_ERRORS)
    except UnicodeError:
        return Answer(fault="not a host name")
    except Exception as error:  # the edge of a thread: a probe that waits must get its answer
        return Answer(fault=f"look-up failed ({type(error).__name__})", local=True)
    return Answer(addresses) if addresses else Answer(fault="no address")


def _can_open_socket() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


def reachable(addresses: tuple[str, ...], preferred: str | None) -> tuple[str, ...]:
    """The addresses to try: those of the preferred protocol where there are any, less those this machine has no route to.

    Without the latter, a host that refuses on IPv4 would end with "no route" on a machine without IPv6: an outage of
    theirs would read as a fault of ours. Where there is no route to any, all are returned.
    """
    of_family = tuple(each for each in addresses if (":" in each) == (preferred == "ip6"))
    chosen = of_family if preferred and of_family else addresses
    if len({":" in each for each in chosen}) < 2:  # one family: nothing to choose between
        return chosen
    return tuple(each for each in chosen if has_route(each)) or chosen


def has_route(address: str) -> bool:
    """Whether this machine knows a way to `address`; connecting a datagram socket asks the routing table, sends nothing."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 443))
    except OSError:
        return False
    return True
