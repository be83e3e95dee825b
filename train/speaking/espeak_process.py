"""Speaks one text with espeak-ng and ends: the voices of a process depend on what it said before.

    python espeak_process.py LIBRARY < request.json > answer

The request is an object of `voice`, `text`, `rate`, `pitch` and `range`. The answer is a line of
JSON, with the `sample_rate_hz` and the `phones` as pairs of a mnemonic and its first sample, and
then 16-bit samples. Nothing is imported but the standard library, so that a process starts at once.
"""

import ctypes
import json
import sys
from typing import Any

SYNCHRONOUS = 2
BUFFER_MS = 200
PHONEME_EVENTS = 1
PHONEME_EVENT = 7
UTF8_WITH_PHONEMES = 0x101
"""Text between [[ and ]] is mnemonics."""
PARAMETERS = {"rate": 1, "pitch": 3, "range": 4}


class Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("mnemonic", ctypes.c_char * 8),
    )


CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


def main() -> int:
    """Answer one request; 1 where there is no such voice."""
    request = json.load(sys.stdin)
    library = ctypes.CDLL(sys.argv[1])
    sample_rate_hz = library.espeak_Initialize(SYNCHRONOUS, BUFFER_MS, None, PHONEME_EVENTS)
    sound: list[bytes] = []
    phones: list[tuple[str, int]] = []

    def take(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            sound.append(ctypes.string_at(samples, 2 * count))
        at = 0
        while events[at].type:
            if events[at].type == PHONEME_EVENT:
                phones.append((events[at].mnemonic.decode("utf-8", "replace"), events[at].sample))
            at += 1
        return 0

    callback = CALLBACK(take)
    library.espeak_SetSynthCallback(callback)
    if sample_rate_hz <= 0 or library.espeak_SetVoiceByName(request["voice"].encode()):
        return 1
    for name, number in PARAMETERS.items():
        library.espeak_SetParameter(number, request[name], 0)
    text = request["text"].encode() + b"\0"
    library.espeak_Synth(text, len(text), 0, 1, 0, UTF8_WITH_PHONEMES, None, None)
    library.espeak_Synchronize()
    head = {"sample_rate_hz": sample_rate_hz, "phones": phones}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(sound))
    return 0


if __name__ == "__main__":
    sys.exit(main())
