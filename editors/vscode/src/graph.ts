// The graph beside the text, drawn anew while one writes. The server draws; here it is only shown: the picture is an
// image, so nothing in it can run, and the page may load nothing else.

import { randomBytes } from 'node:crypto'
import * as vscode from 'vscode'
import { Server } from './server'

/** A pause in typing after which the graph is drawn. */
const PAUSE_MS = 300

export class Graphs implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined
  private document: vscode.Uri | undefined
  private timer: NodeJS.Timeout | undefined
  private asked: vscode.CancellationTokenSource | undefined
  private readonly watched: vscode.Disposable[]

  constructor(private readonly server: Server) {
    this.watched = [
      vscode.workspace.onDidChangeTextDocument(change => this.later(change.document)),
      vscode.workspace.onDidSaveTextDocument(document => this.later(document)),
      vscode.window.onDidChangeActiveTextEditor(editor => this.follow(editor)),
    ]
  }

  async show(document: vscode.Uri | undefined): Promise<void> {
    if (!document) {
      void vscode.window.showInformationMessage('Open a Flow file to see its graph.')
      return
    }
    this.document = document
    if (this.panel) {
      this.panel.reveal(undefined, true)
    } else {
      const beside = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }
      this.panel = vscode.window.createWebviewPanel('flow.graph', 'Flow graph', beside, { enableScripts: true })
      this.panel.webview.html = page()
      this.panel.webview.onDidReceiveMessage(() => void this.draw())
      this.panel.onDidDispose(() => (this.panel = undefined))
    }
    await this.draw()
  }

  dispose(): void {
    clearTimeout(this.timer)
    this.asked?.cancel()
    this.panel?.dispose()
    this.watched.forEach(one => one.dispose())
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    if (!this.panel || editor?.document.languageId !== 'flow') return
    this.document = editor.document.uri
    void this.draw()
  }

  private later(document: vscode.TextDocument): void {
    if (!this.panel || document.languageId !== 'flow') return
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.draw(), PAUSE_MS)
  }

  private async draw(): Promise<void> {
    if (!this.panel || !this.document) return
    this.asked?.cancel()
    const asked = (this.asked = new vscode.CancellationTokenSource())
    let said: { svg?: string; problem?: string }
    try {
      const uri = this.document.toString()
      const answer = await this.server.ask<{ svg: string } | null>('flow/graph', { textDocument: { uri } }, asked.token)
      said = answer?.svg ? { svg: answer.svg } : { problem: 'There is nothing to draw.' }
    } catch (error) {
      said = { problem: `The graph cannot be drawn: ${error instanceof Error ? error.message : String(error)}` }
    }
    if (!asked.token.isCancellationRequested) void this.panel?.webview.postMessage(said)
  }
}

/** The page: an image that fits, or with a click its own size. The last picture stays while there is none. */
function page(): string {
  const nonce = randomBytes(16).toString('base64')
  const policy = `default-src 'none'; img-src data:; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>Flow graph</title>
<style nonce="${nonce}">
  body { margin: 0; padding: 8px; }
  img { max-width: 100%; cursor: zoom-in; background: white; }
  img.whole { max-width: none; cursor: zoom-out; }
  [hidden] { display: none; }
</style>
</head>
<body>
<p id="problem" role="status" hidden></p>
<img id="graph" alt="What is made from what" hidden>
<script nonce="${nonce}">
  const graph = document.getElementById('graph')
  const problem = document.getElementById('problem')
  graph.addEventListener('click', () => graph.classList.toggle('whole'))
  window.addEventListener('message', ({ data }) => {
    problem.hidden = !data.problem
    problem.textContent = data.problem ?? ''
    if (!data.svg) return
    graph.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(data.svg)
    graph.hidden = false
  })
  acquireVsCodeApi().postMessage('ready')
</script>
</body>
</html>`
}
