#!/bin/sh
# Neovim without a display: opens a project, sees the problem, applies the fix; the tree and its colours.
#   FLOWC=…/flowc NVIM=…/nvim test/run.sh
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
mkdir "$place/bin"
ln -s "$(command -v "${FLOWC:-flowc}")" "$place/bin/flowc"
cp -r "$here/../fixture" "$place/project"
cp "$here/../../examples/06-morning-revenue/morning.flow" "$place/project/morning.flow"
export PATH="$place/bin:$PATH" XDG_STATE_HOME="$place" XDG_CACHE_HOME="$place" XDG_DATA_HOME="$place" XDG_CONFIG_HOME="$place"
cd "$place/project"
"${NVIM:-nvim}" --headless -n -i NONE -u NONE --cmd "set runtimepath^=$here" --cmd 'filetype plugin on' \
  --cmd "runtime plugin/flow.lua" -c "luafile $here/test/test.lua" sales.flow
