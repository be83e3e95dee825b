from typing import Final

class CallbacksMP:
    ON_DETACH: Final[str]
