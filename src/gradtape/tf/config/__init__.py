"""``tf.config``: there is one CPU, and what is set elsewhere is accepted without effect."""

from __future__ import annotations

from gradtape.tf.config import experimental, optimizer, threading
from gradtape.tf.config.devices import (
    LogicalDevice,
    LogicalDeviceConfiguration,
    PhysicalDevice,
    get_logical_device_configuration,
    get_visible_devices,
    list_logical_devices,
    list_physical_devices,
    set_logical_device_configuration,
    set_visible_devices,
)
from gradtape.tf.functions import functions_run_eagerly, run_functions_eagerly

experimental_functions_run_eagerly = functions_run_eagerly
experimental_run_functions_eagerly = run_functions_eagerly

_SOFT = [True]


def set_soft_device_placement(enabled: bool) -> None:
    """Of no effect: everything is on the CPU."""
    _SOFT[0] = bool(enabled)


def get_soft_device_placement() -> bool:
    """What was last given to `set_soft_device_placement`."""
    return _SOFT[0]
