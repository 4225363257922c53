"""Copies the pages of the repository for MkDocs, and adapts what GitHub's Markdown has and Python's has not.

usage: site-pages.py ROOT PAGES
"""
import html
import os
import pathlib
import re
import shutil
import sys

REPOSITORY = "https://github.com/sslx-go/lab/blob/main/"
PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "notebooks/README.md", "docs"]
STYLE = """
.md-grid { max-width: 72rem; }
.md-typeset table:not([class]) { font-size: .7rem; }
.md-typeset img { background: transparent; }
"""


def main(root, out):
    root, out = pathlib.Path(root).resolve(), pathlib.Path(out)
    for name in PAGES:
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        copy(root / name, out / name)
    (out / "site.css").write_text(STYLE)

    missing = []
    for page in out.rglob("*.md"):
        text = page.read_text()
        here = page.relative_to(out)
        page.write_text(adapt(text, lambda target: link(root, out, here, target, missing)))
    for line in missing:
        print("scripts/site:", line, file=sys.stderr)
    if missing:
        sys.exit(1)


def adapt(text, link):
    """Returns a page with links, pictures, folds and lists as MkDocs takes them, outside of code."""
    lines, code, before = [], False, ""
    text = re.sub(r"<picture>.*?</picture>", themed, text, flags=re.S)
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code and not line.startswith("    "):
            line = re.sub(r"(\]\()([^)\s]+)(\))", lambda m: m[1] + link(m[2]) + m[3], line)
            line = line.replace("<details>", '<details markdown="1">')

            # Python's Markdown starts a list, and a table, after an empty line only.
            starts = re.match(r"([-*]|\d+\.) |\|", line)
            goes_on = re.match(r"([-*]|\d+\.) |\||#|<!--| |$", before)
            if starts and not goes_on:
                lines.append("")
        lines.append(line)
        before = line
    return "\n".join(lines)


def themed(match):
    """Returns both pictures of a theme, of which the site shows the one that fits."""
    dark = re.search(r'srcset="([^"]*)"', match[0])[1]
    light, alt = re.search(r' src="([^"]*)"', match[0])[1], re.search(r'alt="([^"]*)"', match[0])[1]
    alt = html.unescape(alt).replace("[", "(").replace("]", ")")
    return f"![{alt}]({light}#only-light)\n![{alt}]({dark}#only-dark)"


def link(root, out, page, target, missing):
    """Returns a link that works on the site: files that are no pages are those of the repository."""
    if re.match(r"[a-z]+:|#", target):
        return target
    path, _, anchor = target.partition("#")
    at = os.path.normpath(page.parent / path)
    if not (root / at).exists():
        missing.append(f"{page}: the link {target} leads nowhere")
        return target
    if (out / at).is_dir():
        at = os.path.join(at, "README.md")
        path = os.path.join(path, "README.md")
    if (out / at).exists():
        return path + ("#" + anchor if anchor else "")
    return REPOSITORY.replace("/blob/", "/tree/" if (root / at).is_dir() else "/blob/") + at


if __name__ == "__main__":
    main(*sys.argv[1:])
