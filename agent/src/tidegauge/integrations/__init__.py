"""What is particular about other people's libraries, a file each. Loaded only when a model of that library is met.

Models. `agent.watch(model)` finds the library by the module of the model's class, or of a class it derives from (`recognition.py`
holds the list), and takes the `LIBRARY` of the file of that name here. It says which methods answer besides `predict` and its like,
how a call is read (`extractor(model)` makes a `Reading`: what `agent.watch(model, extract=…)` would be given, with the inputs apart,
so that humility rules can judge them before the model is asked), and what the model is in scikit-learn's words (`describe`: feature
names, classes, importance). A function that the user gives comes before it.
A file looks at models by their own methods and imports its library, if at all, when a model of it is already there.

Frameworks. `starlette` (also as `fastapi`) and `flask` say from a request's headers who asks (`agent.context`), for all predictions
within the request; the user adds them in one line. They never change a response.

A new library: its file, its name in `recognition.LIBRARIES`, its test, its row in docs/integrations.md.
"""
