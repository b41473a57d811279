"""Agent sessions in a Sessiontree server: parents, children, histories and metadata.

    import asyncio
    from sessiontree import create_agent_session

    async def main():
        session = create_agent_session(user_id="ada")
        await session.initialize()
        await session.process_message("Where to in May?", "Lisbon.")

    asyncio.run(main())

One file on purpose: it can be copied into a project.

The server is at SESSIONTREE_URL, or at http://127.0.0.1:4000/graphql; SESSIONTREE_TOKEN is the token for it. Methods
that return a bool or None on failure log the reason to the logger "sessiontree"; with
`SessionPersistence(raise_errors=True)` they raise a SessiontreeError instead. All functions and methods may be called
from several threads.
"""

from __future__ import annotations

import asyncio
import atexit
import http.client
import json
import logging
import os
import random
import re
import threading
import time
import urllib.parse
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar

__all__ = [
    "AgentSession",
    "ConflictError",
    "ForbiddenError",
    "InvalidInputError",
    "MutationError",
    "RequestError",
    "SessionArchivedError",
    "SessionContext",
    "SessionExistsError",
    "SessionNotFoundError",
    "SessionPersistence",
    "SessiontreeError",
    "StorageError",
    "UnreachableError",
    "create_agent_session",
    "get_agent_session",
    "resume_agent_session",
]
__version__ = "0.1.0"

DEFAULT_URL = "http://127.0.0.1:4000/graphql"
logger = logging.getLogger("sessiontree")
_Result = TypeVar("_Result")


# Errors


class SessiontreeError(Exception):
    """Any failure of a request. `code` is for programs: docs/errors.md of Sessiontree lists them.

    `status` is the HTTP status, and `request_id` the id under which the server's log has the request; both are None if
    there was no answer. `is_retryable` is true if the same request may succeed later; it was then sent several times.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str | None = None,
        is_retryable: bool = False,
    ):
        super().__init__(message)
        self.code = code
        self.status = status
        self.request_id = request_id
        self.is_retryable = is_retryable


class UnreachableError(SessiontreeError):
    """No connection, one that broke, or no answer in time. `__cause__` is the error of the socket."""


class RequestError(SessiontreeError):
    """The server, or a proxy before it, refused the request. `retry_after` is in seconds; None if it was not given."""

    retry_after: float | None = None


class MutationError(SessiontreeError):
    """The server refused a mutation, and nothing of it was done. `fields` are those of the error in the schema."""

    def __init__(self, message: str, *, code: str, fields: dict[str, Any] | None = None, **details: Any):
        super().__init__(message, code=code, **details)
        self.fields = fields or {}


class ConflictError(MutationError):
    """An operationId that was used before, or a key that is taken."""


class ForbiddenError(MutationError):
    """The token gives no right to this."""


class InvalidInputError(MutationError):
    """The input breaks rules: `fields["issues"]` has the path and the message of each fault."""


class SessionNotFoundError(MutationError):
    """There is no such session, or no such parent."""


class SessionExistsError(MutationError):
    """The id is taken: by a session under another parent, or by one that was deleted."""


class SessionArchivedError(MutationError):
    """The session is archived, and takes no messages."""


class StorageError(MutationError):
    """The disk or the database of the server failed."""


_MUTATION_ERRORS = {
    kind.__name__: kind
    for kind in (
        ConflictError,
        ForbiddenError,
        InvalidInputError,
        SessionArchivedError,
        SessionExistsError,
        SessionNotFoundError,
        StorageError,
    )
}
_RETRYABLE_STATUSES = (408, 429)
_RETRYABLE_CODES = ("OVERLOADED", "RATE_LIMITED", "STORE_UNAVAILABLE", "SEARCH_UNAVAILABLE")
_ERROR_FIELDS = """__typename ... on Error {
  message
  ... on ConflictError { reason key expectedVersion actualVersion }
  ... on InvalidInputError { issues { path message } }
  ... on SessionArchivedError { sessionId }
  ... on SessionExistsError { sessionId }
  ... on SessionNotFoundError { sessionId }
  ... on StorageError { isRetryable isOutcomeUnknown }
}"""


# Requests


class _Client:
    """Sends requests to one server, over connections that are kept open. Threads and forks may share a client."""

    IDLE_CONNECTIONS_MAX = 32
    RETRY_AFTER_MAX_S = 60.0

    def __init__(self, url: str, token: str | None, timeout: float, retries: int):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"Expected the URL of a Sessiontree server, such as {DEFAULT_URL}, got: {url!r}")
        self._url = url
        self._is_https = parts.scheme == "https"
        self._address = (parts.hostname, parts.port)
        self._path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/graphql-response+json, application/json",
        }
        if token:
            if not re.fullmatch(r"[!-~]+", token):
                raise ValueError("Expected a token of printable ASCII characters without spaces, got others")
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout = timeout
        self._retries = retries
        # Each with the process that opened it: after a fork, two processes would read each other's answers.
        self._idle: deque[tuple[int, http.client.HTTPConnection]] = deque()

    def query(self, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a query. Raises a SessiontreeError."""
        body = self._body(text, variables)
        return self._retry(lambda: self._answer(body)[0])

    def mutate(self, name: str, fields: str, values: dict[str, Any]) -> dict[str, Any]:
        """The payload of a mutation. The operationId makes it safe to send it again. Raises a SessiontreeError."""
        kind = name[0].upper() + name[1:]
        text = f"""mutation ($input: {kind}Input!) {{
          result: {name}(input: $input) {{ ... on {kind}Payload {{ {fields} }} {_ERROR_FIELDS} }}
        }}"""
        body = self._body(text, {"input": {**values, "operationId": f"py-{uuid.uuid4()}"}})

        def send() -> dict[str, Any]:
            data, status, request_id = self._answer(body)
            result: dict[str, Any] = data["result"]
            typename = result["__typename"]
            if typename == f"{kind}Payload":
                return result
            raise _MUTATION_ERRORS.get(typename, MutationError)(
                result["message"],
                code=re.sub(r"\B[A-Z]", r"_\g<0>", typename.removesuffix("Error")).upper(),
                fields=result,
                status=status,
                request_id=request_id,
                is_retryable=bool(result.get("isRetryable") or result.get("isOutcomeUnknown")),
            )

        return self._retry(send)

    @staticmethod
    def _body(text: str, variables: dict[str, Any]) -> bytes:
        return json.dumps({"query": text, "variables": variables}, allow_nan=False).encode()

    def _retry(self, send: Callable[[], _Result]) -> _Result:
        for attempt in range(self._retries):
            try:
                return send()
            except SessiontreeError as error:
                if not error.is_retryable:
                    raise
                asked = getattr(error, "retry_after", None) or 0.0
                pause = min(asked, self.RETRY_AFTER_MAX_S) + 0.1 * 4**attempt * random.uniform(0.5, 1)
                logger.info("Sending a request again in %.1f s: %s", pause, error)
            time.sleep(pause)
        return send()

    def _answer(self, body: bytes) -> tuple[dict[str, Any], int, str | None]:
        """The data of an answer, with its status and the id of the request."""
        status, headers, text = self._exchange(body)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        data, errors = (answer.get("data"), answer.get("errors")) if isinstance(answer, dict) else (None, None)
        request_id = headers.get("X-Request-Id")
        if status == 200 and isinstance(data, dict) and not errors:
            return data, status, request_id
        # A proxy before the server may answer in a form of its own.
        first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
        extensions = first.get("extensions")
        code = (extensions.get("code") if isinstance(extensions, dict) else None) or f"HTTP_{status}"
        found = f"status {status}, {headers.get('Content-Type', 'no content type')}"
        error = RequestError(
            first.get("message") or f"Expected an answer of Sessiontree at {self._url}, got: {found}",
            code=code,
            status=status,
            request_id=request_id,
            is_retryable=status in _RETRYABLE_STATUSES or status >= 500 or code in _RETRYABLE_CODES,
        )
        seconds = headers.get("Retry-After", "")
        error.retry_after = float(seconds) if seconds.isdecimal() else None
        raise error

    def _exchange(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Sends a body, and reads the whole answer to it: its status, its headers and its text."""
        kept = self._take_idle()
        if kept:
            try:
                return self._exchange_over(kept, body)
            except TimeoutError as error:
                raise self._unreachable(error) from error
            except (OSError, http.client.HTTPException):
                # The server has closed the connection meanwhile, and most likely all others of that age.
                self._idle.clear()
        try:
            return self._exchange_over(self._open(), body)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error

    def _exchange_over(
        self, connection: http.client.HTTPConnection, body: bytes
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        try:
            try:
                connection.request("POST", self._path, body, self._headers)
            except ConnectionError:
                # A server that refuses a body answers, and closes the connection before it has read all of it.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
            text = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close or len(self._idle) >= self.IDLE_CONNECTIONS_MAX:
            connection.close()
        else:
            self._idle.append((os.getpid(), connection))
        return response.status, response.headers, text

    def _take_idle(self) -> http.client.HTTPConnection | None:
        while True:
            try:
                process, connection = self._idle.pop()
            except IndexError:
                return None
            if process == os.getpid():
                return connection

    def _open(self) -> http.client.HTTPConnection:
        host, port = self._address
        kind = http.client.HTTPSConnection if self._is_https else http.client.HTTPConnection
        return kind(host, port, timeout=self._timeout)

    def _unreachable(self, cause: Exception) -> UnreachableError:
        code = "TIMEOUT" if isinstance(cause, TimeoutError) else "CONNECTION_FAILED"
        reason = str(cause) or type(cause).__name__
        return UnreachableError(f"Expected an answer of {self._url}, got: {reason}", code=code, is_retryable=True)

    def close(self) -> None:
        """Closes the connections that nobody uses."""
        while connection := self._take_idle():
            connection.close()


_clients: dict[tuple[str, str | None, float, int], _Client] = {}


def _client_of(url: str, token: str | None, timeout: float, retries: int) -> _Client:
    """The client for a server: sessions share its connections."""
    key = (url, token, timeout, retries)
    return _clients.get(key) or _clients.setdefault(key, _Client(*key))


@atexit.register
def _close_clients() -> None:
    for client in _clients.values():
        client.close()


# Times: instants in UTC for the server; for callers local time without an offset, as `datetime.now()` has it.


def _now() -> datetime:
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _for_server(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _from_server(text: str) -> datetime:
    # Before Python 3.11, `fromisoformat` does not read the Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _shown(instant: datetime) -> str:
    return instant.astimezone().replace(tzinfo=None).isoformat(timespec="milliseconds")


# Sessions


@dataclass
class SessionContext:
    """What a session says of itself. Times are in ISO 8601: local time, without an offset."""

    session_id: str
    parent_session_id: str | None = None
    root_session_id: str | None = None
    depth: int = 0
    user_id: str | None = None
    created_at: str | None = None
    last_active: str | None = None
    message_count: int = 0
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.created_at is None:
            self.created_at = _shown(_now())
        if self.last_active is None:
            self.last_active = self.created_at


class _Turn:
    """A question and its answer, as the server takes them. The keys keep a turn from being written twice."""

    def __init__(self, message: str, response: str, at: datetime):
        self.messages = [
            {"role": role, "content": content, "createdAt": _for_server(at), "key": f"py-{uuid.uuid4()}"}
            for role, content in (("USER", message), ("ASSISTANT", response))
        ]
        self.length = len(message) + len(response)

    def entries(self) -> list[dict[str, Any]]:
        return [_entry(message) for message in self.messages]


def _entry(message: dict[str, Any]) -> dict[str, Any]:
    """A message as histories show it."""
    at = _shown(_from_server(message["createdAt"]))
    return {"role": message["role"].lower(), "content": message["content"], "timestamp": at}


_SESSION_FIELDS = "id parentId rootId depth userId createdAt lastActiveAt messageCount metadata"
# Far fewer than the server's limits, since a server may have been given smaller ones.
_MESSAGES_PER_PAGE = 200
_SESSIONS_PER_PAGE = 100
_TURNS_PER_WRITE = 100
_CHARACTERS_PER_WRITE = 4 * 1024 * 1024
_HISTORY_PAGE = "nodes { role content createdAt key } pageInfo { hasNextPage endCursor }"


class SessionPersistence:
    """Saves sessions to a Sessiontree server, and reads them from it. All methods block: use them in threads.

    `url` is by default SESSIONTREE_URL, or http://127.0.0.1:4000/graphql; `token` is SESSIONTREE_TOKEN. With
    `raise_errors`, a failure raises a SessiontreeError; without, it is logged, and the return value tells of it.
    An attempt takes `timeout` seconds at most, and is repeated up to `retries` times, with pauses that grow.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        raise_errors: bool = False,
        timeout: float = 30.0,
        retries: int = 4,
    ):
        self.url = url or os.environ.get("SESSIONTREE_URL") or DEFAULT_URL
        token = token or os.environ.get("SESSIONTREE_TOKEN", "").strip() or None
        self.raise_errors = raise_errors
        self._client = _client_of(self.url, token, timeout, retries)

    def save(self, session: AgentSession) -> bool:
        """Writes what the server does not have yet of a session. True once all of it is stored.

        What could not be written stays in the process, and the next save writes it. A turn that the server refuses, for
        example because it is too long, is logged and left out of later saves.
        """
        try:
            self._write(session)
            return True
        except SessiontreeError as error:
            waiting = len(session._pending)
            return self._failed(error, f"to save session {session.session_id} (turns that wait: {waiting})", False)

    def load(self, session_id: str) -> dict[str, Any] | None:
        """A session with its history, whichever process wrote it; None if there is none."""
        try:
            found = self._find(session_id)
        except SessiontreeError as error:
            return self._failed(error, f"to load session {session_id}", None)
        return found and _file_of(found)

    def delete(self, session_id: str) -> bool:
        """Deletes a session; its children move up to its parent. True if there is no such session any more.

        The server never uses the id of a deleted session again.
        """
        try:
            self._client.mutate("deleteSession", "deletedIds", {"sessionId": session_id, "mode": "REPARENT"})
        except SessionNotFoundError:
            pass
        except SessiontreeError as error:
            return self._failed(error, f"to delete session {session_id}", False)
        return True

    def list_sessions(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """All sessions, or those of a user, with their histories, the oldest first."""
        try:
            return [_file_of(session) for session in self._list(user_id)]
        except SessiontreeError as error:
            return self._failed(error, "to list sessions", [])

    def _failed(self, error: SessiontreeError, expected: str, value: _Result) -> _Result:
        if self.raise_errors:
            raise error
        logger.error("Expected %s, got %s: %s", expected, error.code, error)
        return value

    def _find(self, session_id: str) -> dict[str, Any] | None:
        session = self._client.query(
            f"""query ($id: ID!, $first: Int) {{
              session(id: $id) {{ {_SESSION_FIELDS} history(first: $first) {{ {_HISTORY_PAGE} }} }}
            }}""",
            {"id": session_id, "first": _MESSAGES_PER_PAGE},
        )["session"]
        return session and self._complete(session)

    def _complete(self, session: dict[str, Any]) -> dict[str, Any]:
        """Reads the rest of a history of which there is the first page."""
        messages, page = session["history"]["nodes"], session["history"]["pageInfo"]
        while page["hasNextPage"]:
            found = self._client.query(
                f"""query ($id: ID!, $first: Int, $after: String) {{
                  session(id: $id) {{ history(first: $first, after: $after) {{ {_HISTORY_PAGE} }} }}
                }}""",
                {"id": session["id"], "first": _MESSAGES_PER_PAGE, "after": page["endCursor"]},
            )["session"]
            if not found:
                break
            messages += found["history"]["nodes"]
            page = found["history"]["pageInfo"]
        return session

    def _list(self, user_id: str | None) -> list[dict[str, Any]]:
        sessions: list[dict[str, Any]] = []
        first, after = _SESSIONS_PER_PAGE, None
        while True:
            variables = {
                "first": first,
                "after": after,
                "messages": _MESSAGES_PER_PAGE,
                "filter": {"archived": "INCLUDE", **({} if user_id is None else {"userId": user_id})},
            }
            try:
                page = self._client.query(
                    f"""query ($first: Int, $after: String, $messages: Int, $filter: SessionFilter) {{
                      sessions(
                        first: $first, after: $after, filter: $filter, orderBy: {{ field: CREATED_AT, direction: ASC }}
                      ) {{
                        nodes {{ {_SESSION_FIELDS} history(first: $messages) {{ {_HISTORY_PAGE} }} }}
                        pageInfo {{ hasNextPage endCursor }}
                      }}
                    }}""",
                    variables,
                )["sessions"]
            except RequestError as error:
                # Long texts: an answer has a budget.
                if error.code != "BUDGET_EXCEEDED" or first == 1:
                    raise
                first = max(1, first // 4)
                continue
            sessions += [self._complete(session) for session in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return sessions
            after = page["pageInfo"]["endCursor"]

    def _write(self, session: AgentSession) -> None:
        with session._write_lock:
            turns_max = _TURNS_PER_WRITE
            refusal: SessiontreeError | None = None
            while True:
                turns = session._next_turns(turns_max)
                changes = session._metadata_changes()
                if session._is_stored and not turns and not changes:
                    break
                try:
                    self._send(session, turns, changes)
                except SessiontreeError as error:
                    if not _refuses_turns(error, turns):
                        raise
                    if len(turns) == 1:
                        session._forget(turns)
                        refusal = error
                        refused = "A turn of session %s was refused, and is not saved: %s"
                        logger.error(refused, session.session_id, error)
                    turns_max = 1
            if refusal:
                raise refusal

    def _send(self, session: AgentSession, turns: list[_Turn], changes: dict[str, str | None]) -> None:
        if not session._is_stored:
            return self._create(session, turns, changes)
        values: dict[str, Any] = {"sessionId": session.session_id}
        if turns:
            values |= {"messages": _messages_of(turns), "onKey": "IGNORE"}
        removed = {key: None for key, value in changes.items() if value is None}
        kept = {key: json.loads(value) for key, value in changes.items() if value is not None}
        if removed:
            values["metadata"] = removed
        if kept:
            values["setMetadata"] = kept
        self._client.mutate("writeHistory", "isNew", values)
        session._written(turns, changes)

    def _create(self, session: AgentSession, turns: list[_Turn], changes: dict[str, str | None]) -> None:
        """Creates a session with its first turns, in one request. One that is there already is continued."""
        parent, parent_id = session._parent, session.context.parent_session_id
        if parent and not parent._is_stored:
            try:
                parent._persistence._write(parent)
            except SessiontreeError:
                # A turn of the parent may be refused, or wait: the child needs no more than its parent's existence.
                if not parent._is_stored:
                    raise
        values: dict[str, Any] = {
            "id": session.session_id,
            "ifExists": "RETURN",
            "createdAt": _for_server(session._created),
            "lastActiveAt": _for_server(session._active),
            "messages": _messages_of(turns),
            "metadata": {key: json.loads(value) for key, value in changes.items() if value is not None},
        }
        if session.context.user_id is not None:
            values["userId"] = session.context.user_id
        fields = f"isNew session {{ {_SESSION_FIELDS} }}"
        try:
            if parent_id is None:
                answer = self._client.mutate("createSession", fields, values)
            else:
                answer = self._client.mutate("spawnSession", fields, {**values, "parentId": parent_id})
        except SessionExistsError:
            # A child may be continued by its id alone. The id of a deleted session is never free again.
            found = None if parent_id is not None else self._find(session.session_id)
            if not found:
                raise
            session._continue(found)
            return
        if answer["isNew"]:
            session._placed(answer["session"])
            session._written(turns, changes)
        else:
            session._continue(self._find(session.session_id) or {**answer["session"], "history": {"nodes": []}})


def _messages_of(turns: list[_Turn]) -> list[dict[str, Any]]:
    return [message for turn in turns for message in turn.messages]


def _refuses_turns(error: SessiontreeError, turns: list[_Turn]) -> bool:
    """True if a write can never succeed because of its turns, whatever else is in it."""
    if not turns:
        return False
    if isinstance(error, InvalidInputError):
        return any("messages" in issue["path"] for issue in error.fields["issues"])
    # Turns of up to the server's limit of a content fit into a body.
    return error.code == "PAYLOAD_TOO_LARGE" and max(turn.length for turn in turns) > _CHARACTERS_PER_WRITE


def _root_of(session: dict[str, Any]) -> str | None:
    return session["rootId"] if session["parentId"] else None


def _file_of(session: dict[str, Any]) -> dict[str, Any]:
    """A session of the server as a dict of its own, with its history."""
    return {
        "session_id": session["id"],
        "parent_session_id": session["parentId"],
        "root_session_id": _root_of(session),
        "depth": session["depth"],
        "user_id": session["userId"],
        "created_at": _shown(_from_server(session["createdAt"])),
        "last_active": _shown(_from_server(session["lastActiveAt"])),
        "message_count": session["messageCount"],
        "metadata": session["metadata"],
        "history": [_entry(message) for message in session["history"]["nodes"]],
    }


class AgentSession:
    """A session of an agent: its place in a tree, its history and its metadata.

    A `session_id` that the server has already is continued from the first save on: its history and its metadata come
    in. By default the id is a new UUID. With a `parent_session_id` of a session that this process does not have, the
    constructor asks the server for the parent, and blocks meanwhile.
    """

    def __init__(
        self,
        session_id: str | None = None,
        user_id: str | None = None,
        parent_session_id: str | None = None,
        *,
        persistence: SessionPersistence | None = None,
    ):
        self.session_id = session_id or str(uuid.uuid4())
        self._created = self._active = _now()
        self.context = SessionContext(
            session_id=self.session_id,
            user_id=user_id,
            parent_session_id=parent_session_id,
            depth=0 if parent_session_id is None else 1,
            created_at=_shown(self._created),
        )
        self._history: list[dict[str, Any]] = []
        self._persistence = persistence or SessionPersistence()
        self._parent: AgentSession | None = None
        self._is_stored = False
        self._pending: list[_Turn] = []
        # The values of the metadata that the server has, as JSON.
        self._stored_metadata: dict[str, str] = {}
        # Guards the fields above, for moments; the other one makes the writes of a session come one after the other.
        self._lock = threading.Lock()
        self._write_lock = threading.Lock()
        if parent_session_id:
            self._find_place(parent_session_id)

    def _find_place(self, parent_session_id: str) -> None:
        self._parent = _sessions.get(parent_session_id)
        if self._parent:
            self._put_under(self._parent)
            return
        found = self._persistence.load(parent_session_id)
        if found:
            self.context.root_session_id = found["root_session_id"] or parent_session_id
            self.context.depth = found["depth"] + 1

    def _put_under(self, parent: AgentSession) -> None:
        self._parent = parent
        self.context.parent_session_id = parent.session_id
        self.context.root_session_id = parent.context.root_session_id or parent.session_id
        self.context.depth = parent.context.depth + 1

    async def initialize(self) -> dict[str, Any]:
        """Stores the session, and returns its place in the tree."""
        self._touch(_now())
        await self.persist()
        return {
            "session_id": self.session_id,
            "depth": self.context.depth,
            "parent_session_id": self.context.parent_session_id,
            "root_session_id": self.context.root_session_id,
        }

    async def process_message(self, message: str, response: str) -> None:
        """Adds a turn to the history, and stores it with what was added to the metadata, in one request.

        A turn that cannot be stored for now stays in the history of this process, and the next save stores it.
        """
        for value in (message, response):
            if not isinstance(value, str):
                raise TypeError(f"Expected a message and a response of type str, got: {type(value).__name__}")
        at = _now()
        turn = _Turn(message, response, at)
        with self._lock:
            self.context.message_count += 1
            self._history += turn.entries()
            self._pending.append(turn)
        self._touch(at)
        await self.persist()

    async def spawn_child_session(self, user_id: str | None = None) -> AgentSession:
        """A new session under this one, stored. By default it has the user of this one."""
        child = AgentSession(user_id=user_id or self.context.user_id, persistence=self._persistence)
        child._put_under(self)
        await child.initialize()
        return child

    async def get_session_summary(self) -> dict[str, Any]:
        """What this process knows of the session, without its history."""
        return {
            "session_id": self.session_id,
            "parent_session_id": self.context.parent_session_id,
            "root_session_id": self.context.root_session_id,
            "depth": self.context.depth,
            "user_id": self.context.user_id,
            "created_at": self.context.created_at,
            "last_active": self.context.last_active,
            "message_count": self.context.message_count,
            "history_length": len(self._history),
        }

    async def persist(self) -> bool:
        """Stores what the server does not have yet. If there is nothing of that kind, no request is sent."""
        return await asyncio.to_thread(self._persistence.save, self)

    def get_history(self) -> list[dict[str, Any]]:
        """The messages, oldest first: each with `role`, `content` and `timestamp`."""
        with self._lock:
            return self._history.copy()

    def add_metadata(self, key: str, value: Any) -> None:
        """Sets a value of the metadata. The next turn, or `persist()`, stores it."""
        with self._lock:
            self.context.metadata[key] = value

    def get_metadata(self, key: str) -> Any:
        """A value of the metadata; None if there is none."""
        return self.context.metadata.get(key)

    def _touch(self, at: datetime) -> None:
        self._active = at
        self.context.last_active = _shown(at)

    def _next_turns(self, turns_max: int) -> list[_Turn]:
        """The oldest turns that the server does not have: so many, and so long, that they fit into a request."""
        turns: list[_Turn] = []
        length = 0
        with self._lock:
            for turn in self._pending[:turns_max]:
                length += turn.length
                if turns and length > _CHARACTERS_PER_WRITE:
                    break
                turns.append(turn)
        return turns

    def _metadata_changes(self) -> dict[str, str | None]:
        """What the server does not have of the metadata: values as JSON, None for keys that were removed."""
        try:
            with self._lock:
                values = json.loads(json.dumps(self.context.metadata, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            message = f"Expected metadata that JSON can hold, got: {error}"
            issue = {"path": ["metadata"], "message": message}
            raise InvalidInputError(message, code="INVALID_INPUT", fields={"issues": [issue]}) from error
        texts = {key: json.dumps(value) for key, value in values.items()}
        changed: dict[str, str | None] = {
            key: text for key, text in texts.items() if self._stored_metadata.get(key) != text
        }
        return changed | {key: None for key in self._stored_metadata if key not in texts}

    def _written(self, turns: list[_Turn], changes: dict[str, str | None]) -> None:
        with self._lock:
            self._is_stored = True
            del self._pending[: len(turns)]
        for key, value in changes.items():
            if value is None:
                self._stored_metadata.pop(key, None)
            else:
                self._stored_metadata[key] = value

    def _forget(self, turns: list[_Turn]) -> None:
        with self._lock:
            del self._pending[: len(turns)]

    def _placed(self, found: dict[str, Any]) -> None:
        self.context.parent_session_id = found["parentId"]
        self.context.root_session_id = _root_of(found)
        self.context.depth = found["depth"]
        self.context.user_id = found["userId"]

    def _continue(self, found: dict[str, Any]) -> None:
        """Takes over what the server has of the session. Turns and metadata of this process stay, after that."""
        self._placed(found)
        stored = found["history"]["nodes"]
        keys = {message["key"] for message in stored}
        with self._lock:
            self._is_stored = True
            self._pending = [turn for turn in self._pending if turn.messages[0]["key"] not in keys]
            self._history = [_entry(message) for message in stored]
            for turn in self._pending:
                self._history += turn.entries()
            self.context.message_count = found["messageCount"] + len(self._pending)
            self._created = _from_server(found["createdAt"])
            self.context.created_at = _shown(self._created)
            self._stored_metadata = {key: json.dumps(value) for key, value in found["metadata"].items()}
            self.context.metadata = {**found["metadata"], **self.context.metadata}
        if not self._pending:
            self._touch(_from_server(found["lastActiveAt"]))


# The sessions of this process
_sessions: dict[str, AgentSession] = {}


def get_agent_session(session_id: str) -> AgentSession | None:
    """The session with this id that this process has created or resumed."""
    return _sessions.get(session_id)


def create_agent_session(
    session_id: str | None = None,
    user_id: str | None = None,
    parent_session_id: str | None = None,
    *,
    persistence: SessionPersistence | None = None,
) -> AgentSession:
    """A session that `get_agent_session` finds. `initialize()`, or the first turn, stores it."""
    session = AgentSession(session_id, user_id, parent_session_id, persistence=persistence)
    _sessions[session.session_id] = session
    return session


async def resume_agent_session(
    session_id: str, *, persistence: SessionPersistence | None = None
) -> AgentSession | None:
    """A session that any process has stored, with its history; None if there is none. Raises a SessiontreeError."""
    session = AgentSession(session_id, persistence=persistence)
    found = await asyncio.to_thread(session._persistence._find, session_id)
    if not found:
        return None
    session._continue(found)
    _sessions[session_id] = session
    return session
