"""``python -m compat [MODULE ...]``: ask TensorFlow, write the answers, and compare gradtape.tf.

``python -m compat --names`` writes compat/names.txt instead.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from compat import answers, names
from compat.cases import Case, load


def main(modules: Sequence[str]) -> int:
    """Record the answers of TensorFlow to the cases of `modules`, or all; 1 if ours differ."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    import tensorflow

    if "--names" in modules:
        names.write(tensorflow)
        return 0
    import gradtape.tf

    wrong = 0
    for module, cases in _by_module(modules).items():
        recorded = {}
        for case in cases:
            recorded[case.name] = answers.ask(case, tensorflow)
            found = answers.differences(
                wanted(case, recorded[case.name]), answers.ask(case, gradtape.tf), case.rtol
            )
            wrong += bool(found)
            for text in found:
                print(f"{case.name}{text}")
        answers.write(module, recorded)
        print(f"{module}: {len(cases)} cases")
    return int(wrong > 0)


def wanted(case: Case, recorded: Any) -> Any:
    """What gradtape should answer: what TensorFlow did, unless the case says better."""
    answer = case.answer
    if answer is None:
        return recorded
    return answers.ask(Case(case.name, lambda _: answer()), None)


def _by_module(modules: Sequence[str]) -> dict[str, list[Case]]:
    grouped = defaultdict(list)
    for case in load().values():
        module = case.name.split("/")[0]
        if not modules or module in modules:
            grouped[module].append(case)
    return grouped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
