"""LLVM: text of functions in, addresses of machine code out."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

from gradtape.compiler.loops.groups import Group
from gradtape.compiler.machine import cache
from gradtape.compiler.machine.emit import Kernel
from gradtape.compiler.machine.sharing import DECLARED, WAIT, shared_name, shared_text
from gradtape.compiler.scalar.processor import name_and_features
from gradtape.compiler.scalar.vectormath import settled
from gradtape.core.errors import warn_user

SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


@functools.cache
def available() -> bool:
    """Whether llvmlite is installed."""
    try:
        import llvmlite.binding  # noqa: F401
    except ImportError:
        warn_user(
            "Install llvmlite for machine code (pip install llvmlite): compiled functions run as "
            "NumPy calls without it."
        )
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
    attributes = (
        "attributes #0 = { nounwind noinline alignstack=32 "
        f'"target-cpu"="{cpu}" "target-features"="{features}" }}'
    )
    return llvm, make, attributes


class Code:
    """Machine code; it lives as long as this object.

    Attributes
    ----------
    text
        What LLVM was given.
    """

    def __init__(self, text: str) -> None:
        llvm, make, attributes = _target()
        self.text = f"{text}\n\n{attributes}"
        key = cache.key_of(self.text, llvm.get_default_triple(), str(llvm.llvm_version_info))
        self._code = cache.load(key)
        if self._code is None:
            self._code = make().emit_object(self.optimised())
            cache.store(key, self._code)
        empty = llvm.parse_assembly("")
        self._engine = llvm.create_mcjit_compiler(empty, make())  # which the engine then owns
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(self._code))
        self._engine.finalize_object()

    def function(self, name: str) -> Any:
        """One of the functions, for Python to call."""
        return SIGNATURE(self._engine.get_function_address(name))

    def optimised(self) -> Any:
        """LLVM's module after its passes."""
        llvm, make, _ = _target()
        parsed = llvm.parse_assembly(self.text)
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        options.loop_vectorization = options.slp_vectorization = False
        builder = llvm.create_pass_builder(make(), options)
        builder.getModulePassManager().run(parsed, builder)
        return parsed


class Module(Code):
    """Machine code of kernels and of the groups that call them.

    Attributes
    ----------
    functions
        Those of the groups; of a group that runs in chunks, the one that each thread calls.
    """

    def __init__(self, kernels: Sequence[Kernel], groups: Sequence[Group]) -> None:
        declared: dict[str, str] = {}
        for kernel in kernels:
            declared.update(kernel.declared)
        texts = settled(declared, [k.text for k in kernels])
        shared = [shared_text(group) for group in groups if group.rows]
        if shared:
            shared.append(DECLARED)
        super().__init__("\n\n".join([*texts, *[group.text for group in groups], *shared]))
        names = [shared_name(group) if group.rows else group.name for group in groups]
        self.functions = list(map(self.function, names))


@functools.cache
def waiting() -> Code:
    """The machine code of `WAIT`."""
    return Code(WAIT)
