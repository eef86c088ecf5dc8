#!/bin/sh
# Emacs in batch, with eglot: opens a project, sees the problem, applies the fix, indents.
#   FLOWC=…/flowc EMACS=…/emacs test/run.sh
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/bin"
ln -s "$(command -v "${FLOWC:-flowc}")" "$place/bin/flowc"
cp -r "$here/../fixture" "$place/project"
export PATH="$place/bin:$PATH" HOME="$place"
cd "$place/project"
"${EMACS:-emacs}" --batch -L "$here" --eval '(setq byte-compile-error-on-warn t byte-compile-dest-file-function (lambda (_) "'"$place"'/flow-mode.elc"))' \
  -f batch-byte-compile "$here/flow-mode.el"
"${EMACS:-emacs}" --batch --eval '(package-initialize)' -L "$here" -l flow-mode -l "$here/test/test.el"
