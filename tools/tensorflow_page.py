"""Write the table of docs/tensorflow.md: which of TensorFlow's public names gradtape.tf has.

Run it as ``python -m tools.tensorflow_page``. TensorFlow's names are those that compat/names.txt
recorded; the page's text, above the marker, is written by hand.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradtape.tf
from compat import names

PAGE = Path(__file__).parents[1] / "docs" / "tensorflow.md"
MARKER = "<!-- The table goes here. -->"

NOT_HERE: dict[str, str] = {
    "graphs, and what is sent to a runtime": """
        Graph Operation RegisterGradient import_graph_def make_ndarray make_tensor_proto
        load_library load_op_library nondifferentiable_batch_function
        CriticalSection register_tensor_conversion_function variable_creator_scope TypeSpec
        TensorArraySpec OptionalSpec NoneTensorSpec IndexedSlicesSpec DeviceSpec
        check_pinned create_local_cluster assert_equal_graph_def with_eager_op_as_function Benchmark
        benchmark_config disable_with_predicate is_cpu_target_available to_code Feature
        experimental_connect_to_cluster experimental_connect_to_host ClusterDeviceFilters
        enable_mlir_bridge disable_mlir_bridge set_device_policy get_device_policy get_memory_info
        get_memory_usage reset_memory_stats ClusterDef ClusterSpec Coordinator JobDef ServerDef
        TrackableView CheckpointView CheckpointOptions checkpoints_iterator AggregationMethod
       """,
    "text, and numbers that NumPy does not have": """
        string as_string edit_distance fingerprint resource variant qint8 qint16 qint32 quint8
        quint16 bfloat16 int2 int4 uint2 uint4 float4_e2m1fn float8_e5m2 float8_e4m3fn
        float8_e4m3fnuz float8_e5m2fnuz float8_e4m3b11fnuz QUANTIZED_DTYPES BytesList Example
        FeatureList FeatureLists Features FloatList Int64List SequenceExample""",
    "ragged and sparse Tensors": """
        RaggedTensor RaggedTensorSpec SparseTensor SparseTensorSpec ragged_fill_empty_rows
        ragged_fill_empty_rows_grad safe_embedding_lookup_sparse embedding_lookup_sparse
        sparse_dense_matmul""",
}
"""Why a name is not here; what no reason holds for is missing."""


@dataclass(frozen=True)
class Module:
    """The recorded names of one module of TensorFlow."""

    path: str
    here: list[str]
    missing: list[str]


def modules() -> list[Module]:
    """All modules, with their names as gradtape.tf has them or not."""
    paths: dict[str, list[str]] = {}
    for line in names.read()[1:]:
        if not line.endswith("(module)"):
            path, _, name = line.rpartition(".")
            paths.setdefault(path, []).append(name)
    return [_module(path, found) for path, found in paths.items()]


def _module(path: str, found: list[str]) -> Module:
    ours = names.module_of(gradtape.tf, path)
    here = [name for name in found if has(ours, name)]
    return Module(path, here, [name for name in found if name not in here])


def has(module: Any, name: str) -> bool:
    """Whether `module` defines `name`, and not as a module of its own."""
    return name == "newaxis" or getattr(module, name, None) is not None


def reason(name: str) -> str:
    """Why `name` is not here."""
    return next((why for why, all_of in NOT_HERE.items() if name in all_of.split()), "missing")


def _left_out() -> list[str]:
    """The modules of TensorFlow that gradtape.tf does not have at all."""
    paths = [line.split()[0] for line in names.read() if line.endswith("(module)")]
    return [path for path in paths if names.module_of(gradtape.tf, path) is None]


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, subsequent_indent="  ", break_on_hyphens=False)


def _names(found: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in found)


def _section(module: Module) -> list[str]:
    lines = [f"### {module.path}", ""]
    if module.here:
        lines += [textwrap.fill(_names(module.here), 100, break_on_hyphens=False), ""]
    groups: dict[str, list[str]] = {}
    for name in module.missing:
        groups.setdefault(reason(name), []).append(name)
    lines += [_wrapped(f"- Not here, {why}: {_names(groups[why])}") for why in sorted(groups)]
    return [*lines, ""] if groups else lines


def table() -> str:
    """What stands below the marker."""
    version = names.read()[0].split()[-1]
    found = modules()
    lines = [
        f"Of TensorFlow {version}: the public names of the modules that gradtape.tf is about.",
        "`python -m tools.tensorflow_page` writes this part; do not edit it.",
        "",
        "| module | here | of |",
        "| --- | ---: | ---: |",
    ]
    lines += [f"| `{m.path}` | {len(m.here)} | {len(m.here) + len(m.missing)} |" for m in found]
    here, missing = (sum(len(getattr(m, key)) for m in found) for key in ("here", "missing"))
    lines += [f"| all | {here} | {here + missing} |", ""]
    lines += [textwrap.fill(f"Not here at all: {_names(_left_out())}.", 100), ""]
    for m in found:
        lines += _section(m)
    return "\n".join(lines).rstrip() + "\n"


def page(text: str) -> str:
    """The page with its present text and the table of now."""
    head, marker, _ = text.partition(MARKER)
    if not marker:
        raise ValueError(f"Put the line {MARKER} where the table of {PAGE.name} begins.")
    return f"{head}{MARKER}\n\n{table()}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"Wrote {PAGE}.")
