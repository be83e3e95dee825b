"""When a patcher calls back."""


class CallbacksMP:
    ON_DETACH = "on_detach_after"
