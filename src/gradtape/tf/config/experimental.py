"""``tf.config.experimental``."""

from __future__ import annotations

from typing import Any

from gradtape.tf.config.devices import (
    LogicalDeviceConfiguration as VirtualDeviceConfiguration,
)
from gradtape.tf.config.devices import (
    checked,
    get_visible_devices,
    list_logical_devices,
    list_physical_devices,
    set_visible_devices,
)
from gradtape.tf.config.devices import (
    get_logical_device_configuration as get_virtual_device_configuration,
)
from gradtape.tf.config.devices import (
    set_logical_device_configuration as set_virtual_device_configuration,
)


def set_memory_growth(device: Any, enable: bool) -> None:
    """A ValueError: the CPU takes memory as it needs it, and there is no other device."""
    checked(device)
    raise ValueError("Set memory growth of a GPU only: the CPU takes memory as it needs it.")


def get_memory_growth(device: Any) -> None:
    """A ValueError, as `set_memory_growth`."""
    checked(device)
    raise ValueError("Ask for memory growth of a GPU only: the CPU takes memory as it needs it.")


def get_device_details(device: Any) -> dict[str, Any]:
    """Nothing is known of the CPU."""
    checked(device)
    return {}


def enable_op_determinism() -> None:
    """Of no effect: results do not vary from run to run."""


_TF32 = [True]


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Of no effect: float32 is computed as float32."""
    _TF32[0] = bool(enabled)


def tensor_float_32_execution_enabled() -> bool:
    """What was last given to `enable_tensor_float_32_execution`."""
    return _TF32[0]


def set_synchronous_execution(enable: bool) -> None:
    """Of no effect: every operation is finished when it returns."""


def get_synchronous_execution() -> bool:
    """Always true here."""
    return True
