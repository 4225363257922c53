"""notebook-execute.py KERNEL IN.ipynb OUT.ipynb: run a notebook and write it with what its cells show.

Prints the seconds of each cell. When a cell fails, OUT is written up to there and the exit status is 1.
"""
import os, sys, time
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

kernel, source, target = sys.argv[1:]
notebook = nbformat.read(source, 4)
begun = {}


def start(cell_index, **_):
    begun[cell_index] = time.time()


def done(cell_index, **_):
    print(f"{os.path.basename(source)}, cell {cell_index}: {time.time() - begun[cell_index]:.1f} s", flush=True)


client = NotebookClient(notebook, kernel_name=kernel, timeout=1800, coalesce_streams=True, record_timing=False,
                        on_cell_execute=start, on_cell_executed=done,
                        resources={"metadata": {"path": os.path.dirname(os.path.abspath(source))}})
status = 0
try:
    client.execute()
except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
    print(error, file=sys.stderr)
    status = 1
notebook.metadata["language_info"] = {"name": "go", "file_extension": ".go", "mimetype": "text/x-go", "pygments_lexer": "go"}
nbformat.write(notebook, target)
sys.exit(status)
