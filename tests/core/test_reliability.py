"""Long chains, threads, tasks, exceptions, memory."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

import gradtape as gt
from gradtape.core.tape import active


def test_a_chain_of_a_million_operations() -> None:
    x = gt.Variable(1.0, dtype=np.float64)
    with gt.GradientTape() as tape:
        y = x
        for _ in range(1_000_000):
            y = y + 1e-6
    assert tape.gradient(y, x).numpy() == 1.0
    assert abs(float(y.numpy()) - 2.0) < 1e-9


def test_threads_have_tapes_of_their_own() -> None:
    shared = gt.Variable(3.0, dtype=np.float64)
    found: dict[int, float] = {}
    barrier = threading.Barrier(8)

    def work(k: int) -> None:
        barrier.wait()
        x = gt.Variable(float(k), dtype=np.float64)
        for _ in range(200):
            with gt.GradientTape() as tape:
                y = shared * x**2
                for _ in range(10):
                    y = y + x
            gradient, other = tape.gradient(y, [x, shared])
            assert other.numpy() == k**2
        found[k] = gradient.numpy()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: 6.0 * k + 10 for k in range(8)}


def test_tasks_interleave_inside_their_tapes() -> None:
    async def work(k: int) -> float:
        x = gt.Variable(float(k), dtype=np.float64)
        with gt.GradientTape() as tape:
            y = x * 1.0
            for _ in range(5):
                await asyncio.sleep(0)
                assert active() == (tape,)
                y = y * x
        return float(tape.gradient(y, x).numpy())

    async def main() -> list[float]:
        return await asyncio.gather(*(work(k) for k in range(1, 6)))

    assert asyncio.run(main()) == [6.0 * k**5 for k in range(1, 6)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_exception_leaves_no_tape_active(error: type[BaseException]) -> None:
    def fail() -> None:
        with gt.GradientTape(), gt.GradientTape() as tape, tape.stop_recording():
            raise error

    with pytest.raises(error):
        fail()
    assert active() == ()


def test_a_generator_left_half_way_leaves_no_tape_active() -> None:
    def steps(x: gt.Variable) -> Iterator[gt.Tensor]:
        with gt.GradientTape():
            yield x * 2.0
            yield x * 3.0

    generator = steps(gt.Variable(1.0))
    next(generator)
    del generator
    assert active() == ()


def test_a_generator_closed_in_another_thread_records_no_more() -> None:
    tapes = []

    def steps() -> Iterator[None]:
        with gt.GradientTape(persistent=True) as tape:
            tapes.append(tape)
            yield

    generator = steps()
    next(generator)
    thread = threading.Thread(target=generator.close)
    thread.start()
    thread.join()
    x = gt.Variable(2.0)
    y = x * 3.0
    assert tapes[0].gradient(y, x) is None
    with gt.GradientTape():
        pass
    assert active() == ()


def test_training_holds_memory_flat() -> None:
    w = gt.Variable(np.ones((20, 20)), name="w")
    x = np.eye(20)
    optimizer = gt.optimizers.SGD(1e-6, momentum=0.5)

    def train(steps: int) -> int:
        for _ in range(steps):
            with gt.GradientTape() as tape:
                loss = np.sum((x @ w) ** 2)
            optimizer.apply_gradients([(tape.gradient(loss, w), w)])
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = train(500)
        after = train(19_500)
    finally:
        tracemalloc.stop()
    assert after - before < 20_000


def test_deleting_a_tape_frees_its_arrays_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        x = gt.Variable(np.ones(1000))
        with gt.GradientTape(persistent=True) as tape:
            y = np.exp(x)
            z = y * y
        array = weakref.ref(y._value)
        tape.gradient(z, x)
        del y, z
        assert array() is not None
        alive = weakref.ref(tape)
        del tape
        assert alive() is None
        assert array() is None
    finally:
        gc.enable()


def test_a_non_persistent_tape_frees_its_record_in_the_sweep() -> None:
    x = gt.Variable(np.ones(1000))
    with gt.GradientTape() as tape:
        y = np.exp(x)
        z = y * y
    freed = weakref.ref(y._value)
    tape.gradient(z, x)
    del y, z
    assert freed() is None


def test_a_tape_keeps_no_array_that_it_will_not_read() -> None:
    x = gt.Variable(np.zeros(1_000_000))  # 8 MB
    tracemalloc.start()
    try:
        with gt.GradientTape() as tape:
            y = x
            for _ in range(1000):
                y = y + 1.0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * 8_000_000
    assert tape.gradient(np.sum(y), x) is None  # after the tape: not recorded


def test_references_to_the_tape_do_not_grow() -> None:
    tape = gt.GradientTape(persistent=True)
    before = sys.getrefcount(tape)
    for _ in range(10):
        with tape:
            pass
    assert sys.getrefcount(tape) == before
