"""What a ComfyUI server sends while it works: progress, previews, ends. A small websocket client.

Only what one local server needs of RFC 6455: frames without fragments or compression.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PREVIEW, PREVIEW_OF_NODE = 1, 4


@dataclass(frozen=True)
class Message:
    """One JSON message: `progress`, `executing`, `execution_success`, ..."""

    time_s: float
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Preview:
    """One live picture; `node_id` is empty where the server does not send it."""

    time_s: float
    node_id: str
    image: bytes


class Events:
    """Collects in a thread what is sent to `client_id`; times are of `time.monotonic()`."""

    def __init__(self, port: int) -> None:
        """Connect to the server on 127.0.0.1."""
        self.client_id = uuid.uuid4().hex
        self.messages: list[Message] = []
        self.previews: list[Preview] = []
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._shake_hands(port)
        self._socket.settimeout(None)
        self._send(TEXT, json.dumps(_WISHES).encode())
        threading.Thread(target=self._collect, daemon=True).start()

    def progress(self, node_id: str) -> list[tuple[float, float]]:
        """(done, of) as sent for a node, in order."""
        sent = [message.data for message in self.messages if message.kind == "progress"]
        return [(data["value"], data["max"]) for data in sent if data.get("node") == node_id]

    def wait_for(self, kind: str, timeout_s: float = 120) -> Message:
        """The first message of a kind.

        Raises:
            TimeoutError: when none comes in time.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for message in list(self.messages):
                if message.kind == kind:
                    return message
            time.sleep(0.01)
        kinds = sorted({message.kind for message in self.messages})
        raise TimeoutError(f"no {kind} in {timeout_s:g} s, only {kinds}")

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    def _shake_hands(self, port: int) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET /ws?clientId={self.client_id} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += self._exactly(1)
        if b" 101 " not in answer.split(b"\r\n", 1)[0]:
            raise ConnectionError(f"no websocket: {answer!r}")

    def _collect(self) -> None:
        try:
            while True:
                kind, content = self._receive()
                if kind == PING:
                    self._send(PONG, content)
                elif kind == TEXT:
                    sent = json.loads(content)
                    data = sent.get("data") or {}
                    self.messages.append(Message(time.monotonic(), sent["type"], data))
                elif kind == BINARY:
                    self._keep_preview(content)
                elif kind == CLOSE:
                    return
        except OSError:
            return  # closed by us, or the server ended

    def _keep_preview(self, content: bytes) -> None:
        (event,) = struct.unpack_from(">I", content)
        if event == PREVIEW:
            self.previews.append(Preview(time.monotonic(), "", content[8:]))
        elif event == PREVIEW_OF_NODE:
            (length,) = struct.unpack_from(">I", content, 4)
            about = json.loads(content[8 : 8 + length])
            node_id = str(about.get("node_id", ""))
            self.previews.append(Preview(time.monotonic(), node_id, content[8 + length :]))

    def _receive(self) -> tuple[int, bytes]:
        first, second = self._exactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._exactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._exactly(8))
        return first & 0x0F, self._exactly(length)

    def _send(self, kind: int, content: bytes) -> None:
        mask = os.urandom(4)
        length = len(content)
        size = bytes([0x80 | length]) if length < 126 else struct.pack(">BH", 0x80 | 126, length)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(content))
        self._socket.sendall(bytes([0x80 | kind]) + size + mask + masked)

    def _exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            part = self._socket.recv(count - len(content))
            if not part:
                raise ConnectionError("the server closed the websocket")
            content += part
        return content


_WISHES = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
