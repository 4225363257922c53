"""notebook-execute.py KERNEL IN.ipynb OUT.ipynb: run a notebook and write it with what its cells show.

Prints the seconds of each cell. When a cell fails, OUT is written up to there and the exit status is 1. OUT is written
whole or left as it was.
"""
import contextlib, os, sys, tempfile, time


def replace(target, text):
    """Write text beside target, sync it, and put it in target's place."""
    target = os.path.realpath(target)
    folder = os.path.dirname(target)
    mode = os.stat(target).st_mode & 0o777 if os.path.exists(target) else 0o666 & ~umask()
    handle, beside = tempfile.mkstemp(dir=folder, prefix="." + os.path.basename(target))
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise

    # The name of the file lies in its folder.
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def main(kernel, source, target):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

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

    notebook.metadata["language_info"] = {"name": "go", "file_extension": ".go", "mimetype": "text/x-go",
                                          "pygments_lexer": "go"}
    text = nbformat.writes(notebook)
    replace(target, text if text.endswith("\n") else text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
