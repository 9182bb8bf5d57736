"""Celery tasks that call the model; run as a script it sends them."""

import os
from pathlib import Path

from celery import Celery

BOX = Path(os.environ["GUEST_BROKER"]) / "broker"
BOX.mkdir(exist_ok=True)
app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options={"data_folder_in": str(BOX), "data_folder_out": str(BOX), "control_folder": str(BOX)},
    task_ignore_result=True,
    worker_hijack_root_logger=False,
)


@app.task(name="predict")
def predict(number: int) -> None:
    import service

    service.answer(f"task-{number}", float(number))


if __name__ == "__main__":
    for number in range(40):
        predict.delay(number)
elif os.environ.get("GUEST_WARM_UP"):
    import service  # noqa: F401 - the worker's first process calls the model
