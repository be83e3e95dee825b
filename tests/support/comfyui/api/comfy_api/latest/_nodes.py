"""Schema, node class and node output."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ._inputs import NEW, OLD, VERSION, Input, told_inputs

HIDDEN = (
    *("unique_id", "prompt", "extra_pnginfo", "dynprompt"),
    *("auth_token_comfy_org", "api_key_comfy_org"),
    *(("comfy_usage_source",) if VERSION >= NEW else ()),
)


class HiddenKind(str, Enum):
    """What a node may ask the executor for, beside its inputs."""


Hidden: Any = HiddenKind("Hidden", [(name, name.upper()) for name in HIDDEN])


class HiddenHolder:
    """The hidden values of one call; what was not asked for is None."""

    def __init__(self, values: dict[Any, Any] | None) -> None:
        for member in Hidden:
            setattr(self, member.name, (values or {}).get(member))

    def __getattr__(self, name: str) -> None:
        return None

    @classmethod
    def from_dict(cls, d: dict[Any, Any] | None) -> HiddenHolder:
        return cls(d)


@dataclass(frozen=True)
class F:
    """A field of Schema: its default, the first version, its name in /object_info."""

    name: str
    default: Any = None
    since: tuple[int, ...] = OLD
    sent: str | None = None


NO_LIST = list if VERSION >= NEW else None
FIELDS = (
    F("node_id", dataclasses.MISSING, sent="name"),
    F("display_name", sent="display_name"),
    F("category", "sd", sent="category"),
    F("inputs", NO_LIST),
    F("outputs", NO_LIST),
    F("hidden", NO_LIST),
    F("description", "", sent="description"),
    F("search_aliases", list, NEW),
    F("is_input_list", False, sent="is_input_list" if VERSION >= NEW else None),
    F("is_output_node", False, sent="output_node"),
    F("is_deprecated", False, sent="deprecated"),
    F("is_experimental", False, sent="experimental"),
    F("is_dev_only", False, NEW, "dev_only"),
    F("is_api_node", False, sent="api_node"),
    F("price_badge", None, NEW, "price_badge"),
    F("not_idempotent", False),
    F("enable_expand", False),
    F("accept_all_inputs", False, NEW),
    F("essentials_category", None, NEW, "essentials_category"),
    F("has_intermediate_output", False, NEW, "has_intermediate_output"),
)
"""In the real order. A default of `list` is a new list for each schema."""


class SchemaMethods:
    """What a schema does; its fields are added below."""

    def validate(self: Any) -> None:
        """Ids must differ; on 0.3.64 an output must not have the id of an input either."""
        groups = {
            "Input": [inner.id for each in self.inputs or [] for inner in each._all()[:1]],
            "Output": [each.id for each in self.outputs or []],
        }
        problems = [
            f"{kind} ids must be unique, but {twice} are not."
            for kind, ids in groups.items()
            if (twice := [one for one, count in Counter(ids).items() if count > 1])
        ]
        shared = set(groups["Input"]) & set(groups["Output"])
        if shared and VERSION < NEW:
            problems.append(f"Ids must be unique between inputs and outputs, but {shared} are not.")
        if problems:
            raise ValueError("\n".join(problems))

    def finalize(self: Any) -> None:
        """Output nodes get the prompt and the workflow; outputs without an id get one."""
        if VERSION >= NEW:
            for name in ("inputs", "outputs", "hidden"):
                setattr(self, name, [] if getattr(self, name) is None else getattr(self, name))
        if self.is_output_node:
            self.hidden = [] if self.hidden is None else self.hidden
            wanted = (Hidden.prompt, Hidden.extra_pnginfo)
            self.hidden += [one for one in wanted if one not in self.hidden]
        for index, output in enumerate(self.outputs or []):
            if output.id is None:
                output.id = f"_{index}_{output.io_type}_"

    def told_inputs(self: Any) -> dict[str, Any]:
        """The `input` of /object_info, with what is hidden."""
        told = told_inputs(self.inputs or [])
        if self.hidden:
            told["hidden"] = {member.name: (member.value,) for member in self.hidden}
        return told

    def told(self: Any, node: type) -> dict[str, Any]:
        """What /object_info tells about the node."""
        told = {f.sent: getattr(self, f.name) for f in FIELDS if f.sent and f.since <= VERSION}
        inputs, outputs = self.told_inputs(), self.outputs or []
        told |= {
            "input": inputs,
            "input_order": {group: list(names) for group, names in inputs.items()},
            "output": [each.io_type for each in outputs],
            "output_is_list": [each.is_output_list for each in outputs],
            "output_name": [each.display_name or each.io_type for each in outputs],
            "output_tooltips": [each.tooltip or None for each in outputs],
            "python_module": getattr(node, "RELATIVE_PYTHON_MODULE", "nodes"),
        }
        if VERSION >= NEW:
            told |= {"output_matchtypes": None, "search_aliases": self.search_aliases or None}
        return told


def a_field(default: Any) -> Any:
    """A dataclass field with this default; `list` stands for a new list."""
    return field(default_factory=list) if default is list else field(default=default)


Schema: Any = dataclasses.make_dataclass(
    "Schema",
    [
        (f.name, Any) if f.default is dataclasses.MISSING else (f.name, Any, a_field(f.default))
        for f in FIELDS
        if f.since <= VERSION
    ],
    bases=(SchemaMethods,),
)


class OfSchema:
    """A class attribute whose value the first schema of the class gave."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"_{name}"

    def __get__(self, instance: Any, owner: Any) -> Any:
        if getattr(owner, self.name) is None:
            owner.GET_SCHEMA()
        return getattr(owner, self.name)


def overrides(node: type, name: str) -> Callable[..., Any] | None:
    """The node's own method of that name, bound to the class; None when it has none."""
    own = getattr(node, name, None)
    base = getattr(ComfyNode, name, None)
    if own is None or getattr(own, "__func__", None) is getattr(base, "__func__", None):
        return None
    if not inspect.ismethod(own) or own.__self__ is not node:
        raise TypeError(f"{node.__name__}.{name} must be a classmethod.")
    return own


class ComfyNode:
    """The base of every node. Nodes are classes: nothing here ever has an instance."""

    RELATIVE_PYTHON_MODULE: str | None = None
    SCHEMA: Any = None
    hidden: HiddenHolder | None = None
    _DESCRIPTION = _CATEGORY = _EXPERIMENTAL = _DEPRECATED = _OUTPUT_NODE = None
    _INPUT_IS_LIST = _OUTPUT_IS_LIST = _RETURN_TYPES = _RETURN_NAMES = _NOT_IDEMPOTENT = None
    DESCRIPTION = OfSchema()
    CATEGORY = OfSchema()
    EXPERIMENTAL = OfSchema()
    DEPRECATED = OfSchema()
    OUTPUT_NODE = OfSchema()
    INPUT_IS_LIST = OfSchema()
    OUTPUT_IS_LIST = OfSchema()
    RETURN_TYPES = OfSchema()
    RETURN_NAMES = OfSchema()
    NOT_IDEMPOTENT = OfSchema()

    @classmethod
    def define_schema(cls) -> Any:
        """The node's schema; made anew for every use."""
        raise NotImplementedError

    @classmethod
    def execute(cls, **kwargs: Any) -> Any:
        """The node's work."""
        raise NotImplementedError

    @classmethod
    def validate_inputs(cls, **kwargs: Any) -> bool | str:
        """True, or what is wrong."""
        raise NotImplementedError

    @classmethod
    def fingerprint_inputs(cls, **kwargs: Any) -> Any:
        """A value that differs when the node must run again."""
        raise NotImplementedError

    @classmethod
    def check_lazy_status(cls, **kwargs: Any) -> list[str]:
        """The names of lazy inputs that are wanted."""
        return [name for name, value in kwargs.items() if value is None]

    @classmethod
    def VALIDATE_CLASS(cls) -> None:  # noqa: N802
        """A node must say what it is and do something."""
        for name in ("define_schema", "execute"):
            if overrides(cls, name) is None:
                raise Exception(f"No {name} function was defined for node class {cls.__name__}.")

    @classmethod
    def FINALIZE_SCHEMA(cls) -> Any:  # noqa: N802
        schema = cls.define_schema()
        schema.finalize()
        return schema

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        """The inputs as /object_info tells them, from a new schema."""
        return cls.FINALIZE_SCHEMA().told_inputs()

    @classmethod
    def GET_NODE_INFO_V1(cls) -> dict[str, Any]:  # noqa: N802
        return cls.GET_SCHEMA().told(cls)

    @classmethod
    def GET_SCHEMA(cls) -> Any:  # noqa: N802
        """A new schema, checked. What the class tells about itself stays as the first one said."""
        cls.VALIDATE_CLASS()
        if cls._RETURN_TYPES is not None and "_RETURN_TYPES" not in cls.__dict__:
            raise TypeError(
                f"{cls.__name__} inherits from another node, so ComfyUI gives it that node's "
                "outputs and category. Share code by functions or by a class that is no node."
            )
        schema = cls.FINALIZE_SCHEMA()
        schema.validate()
        outputs = schema.outputs or []
        facts = {
            "_DESCRIPTION": schema.description,
            "_CATEGORY": schema.category,
            "_EXPERIMENTAL": schema.is_experimental,
            "_DEPRECATED": schema.is_deprecated,
            "_OUTPUT_NODE": schema.is_output_node,
            "_INPUT_IS_LIST": schema.is_input_list,
            "_NOT_IDEMPOTENT": schema.not_idempotent,
            "_RETURN_TYPES": [each.io_type for each in outputs],
            "_RETURN_NAMES": [each.display_name or each.io_type for each in outputs],
            "_OUTPUT_IS_LIST": [each.is_output_list for each in outputs],
        }
        for name, value in facts.items():
            if getattr(cls, name) is None:
                setattr(cls, name, value)
        cls.SCHEMA = schema
        return schema


class NodeOutput:
    """What a node gives: its outputs in order, and what the front end shows."""

    def __init__(
        self,
        *args: Any,
        ui: Any = None,
        expand: dict[str, Any] | None = None,
        block_execution: str | None = None,
    ) -> None:
        self.args = args
        self.ui = ui
        self.expand = expand
        self.block_execution = block_execution

    @property
    def result(self) -> tuple[Any, ...] | None:
        """The outputs; None when there are none."""
        return self.args or None

    def __getitem__(self, index: int) -> Any:
        return self.args[index]


class UIOutput(ABC):
    """Something that the front end shows on a node."""

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """It, as it is sent."""


__all__ = ["ComfyNode", "Hidden", "HiddenHolder", "Input", "NodeOutput", "Schema"]
