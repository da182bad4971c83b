"""LLVM: text of functions in, addresses of machine code out."""

from __future__ import annotations

import ctypes
import functools
import itertools
from collections.abc import Sequence
from typing import Any

from gradtape.compiler.emit import Kernel
from gradtape.compiler.processor import name_and_features

_numbers = itertools.count()

SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


@functools.cache
def available() -> bool:
    """Whether llvmlite is installed."""
    try:
        import llvmlite.binding  # noqa: F401
    except ImportError:
        return False
    return True


@functools.cache
def _target() -> tuple[Any, Any, str]:
    """LLVM's binding, what makes a machine to compile for, and the attributes of every function."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = name_and_features()
    make = functools.partial(
        llvm.Target.from_default_triple().create_target_machine,
        cpu=cpu,
        features=features,
        opt=2,
        codemodel="jitdefault",
    )
    attributes = f'attributes #0 = {{ nounwind alignstack=32 "target-cpu"="{cpu}" "target-features"="{features}" }}'
    return llvm, make, attributes


class Module:
    """Machine code of some kernels; it lives as long as this object."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        llvm, make, attributes = _target()
        machine = make()  # which the engine will own
        declared: dict[str, str] = {}
        for kernel in kernels:
            declared.update(kernel.declared)
        self.text = "\n\n".join([*declared.values(), *[k.text for k in kernels], attributes])
        parsed = llvm.parse_assembly(self.text)
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        options.loop_vectorization = options.slp_vectorization = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(parsed, builder)
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()
        self.optimised = parsed
        self.functions = [
            SIGNATURE(self._engine.get_function_address(kernel.name)) for kernel in kernels
        ]


def new_name() -> str:
    """A name for a kernel, used once."""
    return f"kernel{next(_numbers)}"
