"""The demo: a year of real flights from New York, a delay model, and Tidegauge watching it; `python -m flights_demo --help`."""
