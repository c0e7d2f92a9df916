# Makes the project's virtual environment in .venv and puts it on the PATH. The scripts source it from the project's root.
# A second call finds the environment and does nothing. PYTHON sets the interpreter.
set -euo pipefail

find_python() {
  for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "No Python 3.11 to 3.13 was found. Install one, or give its path: PYTHON=/path/to/python3" >&2
  return 4
}

make_environment() {
  local wanted stamp=.venv/made-from
  wanted=$(cat pyproject.toml constraints.txt | cksum)
  if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    local python
    python=$(find_python)
    echo "Making the environment in .venv (about two minutes the first time)" >&2
    "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1' -c constraints.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group dev --editable .
    echo "$wanted" > "$stamp"
  fi
  PATH="$PWD/.venv/bin:$PATH"
}

make_environment
