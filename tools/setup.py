"""Prepare this checkout to run: native libraries, `.venv`, locked requirements, the project itself.

Plain Python 3.11 and the standard library, because it runs before anything is installed. It works on a bare
Debian, where `python3-venv` is split off and the system's pip refuses to install into itself (PEP 668): the
environment is made without pip and filled by the pip outside it (`pip --python`). uv does the long part where it
installs; otherwise plain pip reads the same hashed requirements.

Usage: python3 tools/setup.py [--stamp FILE]
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"

# What WeasyPrint loads at import: (library, Debian package).
NATIVE = (
    ("libpango-1.0.so.0", "libpango-1.0-0"),
    ("libpangoft2-1.0.so.0", "libpangoft2-1.0-0"),
    ("libharfbuzz-subset.so.0", "libharfbuzz-subset0"),
)
FONT_DIRECTORIES = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
FONT_PACKAGE = "fonts-dejavu-core"


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def run(*command: str | Path, quiet: bool = False) -> bool:
    """Run a command without a terminal; True when it succeeded."""
    output = subprocess.DEVNULL if quiet else None
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    except OSError:
        return False
    return done.returncode == 0


def missing_native() -> list[str]:
    """Debian packages whose library cannot be loaded, and a font package where there is no font at all."""
    missing = []
    for library, package in NATIVE:
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    folders = (Path(d).expanduser() for d in FONT_DIRECTORIES)
    if not any(next(folder.rglob("*.[ot]tf"), None) for folder in folders if folder.is_dir()):
        missing.append(FONT_PACKAGE)
    return missing


def native_libraries() -> None:
    missing = missing_native()
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing native libraries for PDF reports: {' '.join(missing)}")
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        if run("apt-get", "-qq", "update", quiet=True):
            run("apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing, quiet=True)
        missing = missing_native()
    if missing:
        say(
            f"PDF reports are off (HTML reports work): install {' '.join(missing)} and run `make setup` again."
        )


def make_environment() -> None:
    """An environment of the interpreter that runs this script; one left by another Python is replaced."""
    version = "import sys; print(sys.version_info[:3])"
    try:
        found = subprocess.run(
            [PYTHON, "-c", version], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = ""
    if found == str(sys.version_info[:3]):
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True, stdin=subprocess.DEVNULL
    )


def outer_pip() -> list[str]:
    """The pip outside the environment (22.3 or newer, for `--python`)."""
    for candidate in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        if run(*candidate, "--python", PYTHON, "--version", quiet=True):
            return candidate
    sys.exit("setup: no pip that knows --python (22.3 or newer) was found: install python3-pip.")


def locked(name: str) -> str:
    """The lines of one package in the lock, hashes included."""
    found = re.search(rf"^{re.escape(name)}==.*(?:\n    --hash=.*)+", LOCK.read_text(), re.MULTILINE)
    if not found:
        sys.exit(f"setup: {name} is not in {LOCK.relative_to(ROOT)}; run `make lock`.")
    return found.group()


def install(pip: Sequence[str]) -> None:
    into = [*pip, "--quiet", "--disable-pip-version-check", "--python", str(PYTHON), "install"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as uv_lock:
        uv_lock.write(locked("uv"))
        uv_lock.flush()
        have_uv = run(*into, "--require-hashes", "--no-deps", "-r", uv_lock.name)
    uv = [str(VENV / "bin" / "uv"), "pip"]
    if have_uv and run(*uv, "sync", "--quiet", "--require-hashes", "--python", str(PYTHON), str(LOCK)):
        project = [*uv, "install", "--quiet", "--python", str(PYTHON)]
    else:
        say("uv is not to be had here; installing with pip, which takes about two minutes")
        if not run(*into, "--require-hashes", "-r", str(LOCK)):
            sys.exit("setup: the requirements could not be installed; see the lines above.")
        project = into
    if not run(*project, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)):
        sys.exit("setup: the project itself could not be installed; see the lines above.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stamp", type=Path, help="file to touch when everything is in place")
    options = parser.parse_args()
    if sys.version_info < (3, 11):
        sys.exit(f"setup: Python 3.11 or newer is needed, this is {sys.version.split()[0]}.")
    (ROOT / "var").mkdir(exist_ok=True)
    with open(ROOT / "var" / "setup.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        native_libraries()
        make_environment()
        say("installing the locked requirements into .venv")
        install(outer_pip())
        if options.stamp:
            options.stamp.touch()
    say("ready")


if __name__ == "__main__":
    main()
