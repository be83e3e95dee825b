"""When a patcher calls back."""


class CallbacksMP:
    """Kinds of calls."""

    ON_DETACH = "on_detach_after"
