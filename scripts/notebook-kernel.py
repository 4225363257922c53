"""notebook-kernel.py ROOT MODULE: install into ROOT/.venv the kernel whose cells are built in the Go module at MODULE.

Prints the name of the kernel: sslx, or sslx-FOLDER for a module that is not ROOT's.
"""
import json, os, re, sys

root, module = sys.argv[1:]
name = "sslx" if module == root else "sslx-" + re.sub(r"[^A-Za-z0-9._-]", "-", os.path.basename(module))
spec = {
    "argv": [f"{root}/.venv/bin/gonb", "--kernel", "{connection_file}", f"-go_work={module}", "-raw_error", "-logtostderr=false"],
    "display_name": f"Go ({name})",
    "language": "go",
    "interrupt_mode": "message",
    # Versions are those of the module, and a cell downloads nothing. Without debug symbols it is linked in half the time.
    "env": {"PATH": f"{root}/.venv/bin:${{PATH}}", "GOPROXY": "off", "GOFLAGS": "-mod=readonly -ldflags=-w", "GOWORK": ""},
}
folder = f"{root}/.venv/share/jupyter/kernels/{name}"
os.makedirs(folder, exist_ok=True)
with open(f"{folder}/kernel.json", "w") as f:
    json.dump(spec, f, indent=2)
print(name)
