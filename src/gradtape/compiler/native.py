"""LLVM: text of functions in, addresses of machine code out."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

from gradtape.compiler import cache
from gradtape.compiler.emit import Kernel
from gradtape.compiler.scalars import LIBRARY, VECTOR
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
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    make = functools.partial(
        llvm.Target.from_default_triple().create_target_machine,
        cpu=cpu,
        features=features,
        opt=2,
        codemodel="jitdefault",
    )
    attributes = (
        f'attributes #0 = {{ nounwind "target-cpu"="{cpu}" "target-features"="{features}" }}'
    )
    _find_vectors(features)
    return llvm, make, attributes


def _find_vectors(features: str) -> None:
    """Register the C library's vector functions for this processor."""
    try:
        library = ctypes.CDLL("libmvec.so.1")
    except OSError:
        return
    import llvmlite.binding as llvm

    letters = [("b", 2)]
    if "+avx2" in features:
        letters.append(("d", 4))
    if "+avx512f" in features:
        letters.append(("e", 8))
    for name in set(LIBRARY.values()):
        count = "vv" if name in ("pow", "atan2", "hypot") else "v"
        for letter, lanes in letters:
            for dtype, suffix, factor in (("float64", "", 1), ("float32", "f", 2)):
                symbol = f"_ZGV{letter}N{lanes * factor}{count}_{name}{suffix}"
                try:
                    address = ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value
                except AttributeError:
                    continue
                llvm.add_symbol(symbol, address)
                VECTOR[name, dtype, lanes * factor] = symbol


class Module:
    """Machine code of some kernels; it lives as long as this object.

    Attributes
    ----------
    functions
        The kernels, for Python to call.
    text
        What LLVM was given.
    """

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        llvm, make, attributes = _target()
        declared: dict[str, str] = {}
        for kernel in kernels:
            declared.update(kernel.declared)
        self.text = "\n\n".join([*declared.values(), *[k.text for k in kernels], attributes])
        key = cache.key_of(self.text, llvm.get_default_triple(), str(llvm.llvm_version_info))
        self._code = cache.load(key)
        if self._code is None:
            self._code = make().emit_object(self.optimised())
            cache.store(key, self._code)
        empty = llvm.parse_assembly("")
        self._engine = llvm.create_mcjit_compiler(empty, make())  # which the engine then owns
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(self._code))
        self._engine.finalize_object()
        address = self._engine.get_function_address
        self.functions = [SIGNATURE(address(kernel.name)) for kernel in kernels]

    def optimised(self) -> Any:
        """LLVM's module after its passes."""
        llvm, make, _ = _target()
        parsed = llvm.parse_assembly(self.text)
        options = llvm.create_pipeline_tuning_options(speed_level=1)
        options.loop_vectorization = options.slp_vectorization = False
        builder = llvm.create_pass_builder(make(), options)
        builder.getModulePassManager().run(parsed, builder)
        return parsed
