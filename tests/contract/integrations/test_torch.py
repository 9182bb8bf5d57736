"""PyTorch: a watched module is a module for whoever calls, moves, trains, saves or nests it; tensors become rows."""

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge

from .models import X, torch_or_skip

MakeAgent = Callable[..., tidegauge.Agent]


@pytest.fixture
def torch() -> Any:
    found = torch_or_skip()
    found.manual_seed(7)
    return found


@pytest.fixture
def net(torch: Any) -> Any:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))


@pytest.fixture
def rows(torch: Any) -> Any:
    return torch.tensor(X, dtype=torch.float32)


def test_forward_hooks_see_the_call(make_agent: MakeAgent, torch: Any, net: Any, rows: Any) -> None:
    seen: list[Any] = []
    watched = make_agent().watch(net)

    watched.register_forward_pre_hook(lambda module, args: seen.append(module))
    net.register_forward_hook(lambda module, args, answer: seen.append(answer))
    answer = watched(rows)

    assert seen[0] is net
    assert seen[1] is answer


def test_what_returns_the_module_returns_the_watched_one(make_agent: MakeAgent, torch: Any, net: Any) -> None:
    watched = make_agent().watch(net)

    assert watched.eval() is watched
    assert not net.training
    assert watched.train() is watched
    assert net.training
    assert watched.to(torch.float64) is watched
    assert next(net.parameters()).dtype == torch.float64
    assert watched.float().requires_grad_(False) is watched
    assert not any(one.requires_grad for one in net.parameters())


def test_state_passes_in_both_directions(make_agent: MakeAgent, torch: Any, net: Any) -> None:
    watched = make_agent().watch(net)
    zeros = {name: torch.zeros_like(value) for name, value in net.state_dict().items()}

    assert list(watched.state_dict()) == list(net.state_dict())
    watched.load_state_dict(zeros)

    assert all(not value.any() for value in net.state_dict().values())


def test_a_saved_module_does_not_need_tidegauge(make_agent: MakeAgent, torch: Any, net: Any, rows: Any) -> None:
    saved = io.BytesIO()

    torch.save(make_agent().watch(net), saved)

    assert b"tidegauge" not in saved.getvalue()
    saved.seek(0)
    assert torch.equal(torch.load(saved, weights_only=False)(rows), net(rows))


def test_gradients_flow_through_a_watched_module(make_agent: MakeAgent, torch: Any, net: Any, rows: Any) -> None:
    watched = make_agent().watch(net)

    watched(rows).sum().backward()

    assert all(one.grad is not None for one in watched.parameters())


def test_a_watched_module_nests_in_another(make_agent: MakeAgent, sealed: Any, torch: Any, net: Any, rows: Any) -> None:
    agent = make_agent()
    outer = torch.nn.Sequential(agent.watch(net), torch.nn.Sigmoid())

    answer = outer(rows)

    assert torch.equal(answer, torch.sigmoid(net(rows)))
    assert len(list(outer.parameters())) == 4
    assert sealed(agent)["_prediction"].rows == 60


def test_what_is_recorded_are_the_tensors_values(
    make_agent: MakeAgent, sealed: Any, torch: Any, net: Any, rows: Any
) -> None:
    agent = make_agent(feature_names=["distance", "delay", "load"])

    answer = agent.watch(net)(rows)
    with torch.no_grad():
        rows.zero_()
        answer.zero_()

    columns = sealed(agent)
    assert set(columns) == {"distance", "delay", "load", "_prediction"}
    assert columns["distance"].maximum == np.float32(X[:, 0].max())
    assert columns["_prediction"].maximum != 0.0


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_every_kind_of_float_is_read(
    make_agent: MakeAgent, sealed: Any, torch: Any, net: Any, rows: Any, kind: str
) -> None:
    agent, dtype = make_agent(), getattr(torch, kind)

    agent.watch(net).to(dtype)(rows.to(dtype))

    columns = sealed(agent)
    assert columns["f0"].maximum == pytest.approx(X[:, 0].max(), rel=0.01)
    assert columns["_prediction"].rows == 60


def test_inputs_of_several_tensors_are_columns_under_their_parameters_names(
    make_agent: MakeAgent, sealed: Any, torch: Any, rows: Any
) -> None:
    class Scorer(torch.nn.Module):
        def forward(self, user: Any, *, features: Any) -> Any:
            return {"logits": features.sum(dim=1, keepdim=True) + user[:, None], "extra": features}

    agent = make_agent()

    agent.watch(Scorer())(torch.arange(60), features=rows)

    columns = sealed(agent)
    assert set(columns) == {"user", "features.0", "features.1", "features.2", "_prediction"}
    assert (columns["user"].maximum, columns["user"].rows) == (59.0, 60)


def test_inputs_without_a_parameter_are_numbered(make_agent: MakeAgent, sealed: Any, torch: Any, rows: Any) -> None:
    class Mean(torch.nn.Module):
        def forward(self, first: Any, *others: Any) -> Any:
            return torch.stack([first, *others]).mean(dim=(0, 2))

    agent = make_agent()

    agent.watch(Mean())(rows, rows)

    numbered = {f"{name}.{i}" for name in ("first", "input1") for i in range(3)}
    assert set(sealed(agent)) == {*numbered, "_prediction"}


def test_a_vector_of_ids_is_one_row_each(make_agent: MakeAgent, sealed: Any, torch: Any) -> None:
    agent, model = make_agent(), torch.nn.Sequential(torch.nn.Embedding(10, 4), torch.nn.Linear(4, 1))

    agent.watch(model)(torch.tensor([1, 2, 3, 4]))

    columns = sealed(agent)
    assert {name: column.rows for name, column in columns.items()} == {"f0": 4, "_prediction": 4}


def test_pictures_are_summed_up_a_row(make_agent: MakeAgent, sealed: Any, torch: Any) -> None:
    agent = make_agent(task="multiclass")
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3))

    agent.watch(model)(torch.ones(5, 3, 8, 8))

    columns = sealed(agent)
    summed = {"input.mean", "input.norm", "input.dimensions"}
    assert set(columns) == {*summed, "_prediction.0", "_prediction.1", "_prediction.2", "_prediction_label"}
    assert (columns["input.mean"].minimum, columns["input.dimensions"].maximum) == (1.0, 192.0)


def test_a_tensor_elsewhere_is_counted_and_not_waited_for(make_agent: MakeAgent, torch: Any) -> None:
    agent = make_agent()
    watched = agent.watch(torch.nn.Identity())

    watched(torch.ones(4, 3, device="meta"))

    agent.flush()
    assert agent.status()["dropped"] == {"unreadable_input": 4}
    assert agent.status()["counters"]["faults"] == 0


def exported(torch: Any, module: Any, rows: Any) -> Any:
    return torch.export.export(torch.nn.Sequential(module), (rows,)).module()


def traced(torch: Any, module: Any, rows: Any) -> Any:
    return torch.jit.trace(module, rows)


@pytest.mark.parametrize("draw", [exported, traced])
def test_a_call_that_draws_up_a_graph_is_not_recorded(
    make_agent: MakeAgent, torch: Any, net: Any, rows: Any, draw: Any
) -> None:
    agent = make_agent()
    watched = agent.watch(net)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        drawn = draw(torch, watched, rows)

    assert torch.equal(drawn(rows), net(rows))
    agent.flush()
    assert agent.status()["captured"] == (0 if draw is exported else 60)  # a trace checks itself by a call
    assert agent.status()["counters"]["faults"] == 0


def test_tensors_that_stand_for_others_are_counted(make_agent: MakeAgent, torch: Any, net: Any, rows: Any) -> None:
    agent = make_agent()

    answer = torch.func.vmap(agent.watch(net))(rows)

    assert torch.allclose(answer, net(rows))
    agent.flush()
    assert agent.status()["counters"]["faults"] == 0
    assert agent.status()["dropped"] == {"unreadable_input": 1}


def test_a_script_of_the_bare_module_is_watched_as_any(
    make_agent: MakeAgent, sealed: Any, torch: Any, net: Any, rows: Any
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.trace(net, rows)
    agent = make_agent()

    answer = agent.watch(script)(rows)

    assert torch.equal(answer, script(rows))
    assert set(sealed(agent)) == {"f0", "f1", "f2", "_prediction"}
