"""Libraries are known by the module of a model's class; nothing is loaded that the host has not, and an odd model does no harm."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tidegauge
from tidegauge import recognition
from tidegauge.integrations import onnxruntime, sklearn, xgboost

MakeAgent = Callable[..., tidegauge.Agent]


def run(code: str, directory: Any) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"TIDEGAUGE_SPOOL": str(directory), "TIDEGAUGE_SHIPPER": "none"},
    )
    return done.stdout.strip()


def test_watching_a_model_of_no_library_loads_no_integration(tmp_path: Any) -> None:
    loaded = run(
        """
        import sys
        import tidegauge

        class Model:
            def predict(self, row):
                return 0.5

        agent = tidegauge.init("flights")
        agent.watch(Model()).predict({"distance": 400.0})
        agent.flush()
        libraries = {"sklearn", "xgboost", "lightgbm", "torch", "onnxruntime", "mlflow", "flask", "starlette", "pandas"}
        print(sorted(name for name in sys.modules if name.startswith("tidegauge.integrations") or name in libraries))
        """,
        tmp_path,
    )

    assert loaded == "[]"


def test_watching_a_model_of_a_library_loads_its_file_alone(tmp_path: Any) -> None:
    loaded = run(
        """
        import sys
        import tidegauge
        from sklearn.linear_model import Ridge

        tidegauge.init("flights").watch(Ridge())
        print(sorted(name for name in sys.modules if name.startswith("tidegauge.integrations")))
        """,
        tmp_path,
    )

    assert loaded == "['tidegauge.integrations', 'tidegauge.integrations.sklearn']"


def test_the_nearest_class_of_a_library_decides() -> None:
    from sklearn.linear_model import Ridge
    from xgboost import XGBRegressor

    class Own(Ridge):
        pass

    assert recognition.library_of(Own()) is sklearn.LIBRARY
    assert recognition.library_of(XGBRegressor()) is xgboost.LIBRARY
    assert recognition.library_of(np.ones(3)) is None
    assert recognition.library_of(len) is None


def test_a_watched_model_is_recognised_as_the_bare_one(make_agent: MakeAgent, make_case: Any, sealed: Any) -> None:
    one, other, case = make_agent("one"), make_agent("other"), make_case("onnx_session")
    watched = one.watch(case.model)

    assert recognition.library_of(watched) is onnxruntime.LIBRARY
    case.ask(other.watch(watched), "good")

    assert set(sealed(one)) == set(sealed(other)) == case.columns | case.answers


def test_watching_twice_counts_once(make_agent: MakeAgent, make_case: Any, sealed: Any) -> None:
    agent, case = make_agent(), make_case("xgboost_booster")

    case.ask(agent.watch(agent.watch(case.model)), "good")

    assert {column.rows for column in sealed(agent).values()} == {60}


def test_a_function_of_the_users_comes_before_the_librarys(make_agent: MakeAgent, make_case: Any, sealed: Any) -> None:
    agent, case = make_agent(), make_case("onnx_session")

    def extract(result: Any, names: Any, feed: Any) -> Any:
        return tidegauge.Observed(inputs={"first": feed["rows"][0, 0]}, predictions=result[0][0, 0])

    case.ask(agent.watch(case.model, extract=extract), "good")

    assert {name: column.rows for name, column in sealed(agent).items()} == {"first": 1, "_prediction": 1}


@pytest.mark.parametrize("fault", ["extractor", "describe"])
def test_a_model_that_does_not_speak_is_watched_all_the_same(
    make_agent: MakeAgent, make_case: Any, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    def broken(model: Any) -> Any:
        raise RuntimeError("not today")

    agent, case = make_agent(), make_case("sklearn_classifier")
    monkeypatch.setattr(sklearn, "LIBRARY", recognition.Library(**{fault: broken}))

    answer = case.ask(agent.watch(case.model), "good")

    assert np.array_equal(answer, case.ask(case.model, "good"))
    agent.flush()
    assert agent.status()["captured"] == 60


def test_a_function_that_fails_to_read_a_call_changes_no_answer(
    make_agent: MakeAgent, make_case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(model: Any) -> Any:
        return lambda *args, **kwargs: 1 / 0

    agent, case = make_agent(), make_case("onnx_session")
    monkeypatch.setattr(onnxruntime, "LIBRARY", recognition.Library(methods=("run",), extractor=broken))

    answer = case.ask(agent.watch(case.model), "good")
    agent.flush()

    assert np.array_equal(answer, case.ask(case.model, "good"))
    assert agent.status()["dropped"] == {"extract_failed": agent.status()["captured"]}
    assert agent.status()["captured"] > 0
