"""The only device, and questions about it."""

from __future__ import annotations

from typing import Any, NamedTuple


class PhysicalDevice(NamedTuple):
    """A processor."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A processor as programs see it."""

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """What a program may use of a device."""

    memory_limit: Any = None
    experimental_priority: Any = None
    experimental_device_ordinal: Any = None


CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The CPU, if `device_type` is "CPU" or None."""
    return [CPU] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The CPU, if `device_type` is "CPU" or None."""
    return [LogicalDevice("/device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The CPU, if `device_type` is "CPU" or None."""
    return list_physical_devices(device_type)


def checked(device: Any) -> PhysicalDevice:
    """`device`, which must be the CPU."""
    if device != CPU:
        raise ValueError(f"Use one of tf.config.list_physical_devices(): got {device!r}.")
    return CPU


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Of no effect; a ValueError for a device that does not exist."""
    for device in devices if isinstance(devices, (list, tuple)) and devices != CPU else [devices]:
        checked(device)


def get_logical_device_configuration(device: Any) -> None:
    """None: the CPU is not divided."""
    checked(device)


def set_logical_device_configuration(device: Any, logical_devices: Any) -> None:
    """Of no effect; a ValueError for a device that does not exist."""
    checked(device)
