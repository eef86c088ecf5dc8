// What people can do besides writing: run, plan, test, see the graph, restart. All of it is `flowc` in a terminal of the
// editor's, as a task, with arguments that no shell reads.

import * as vscode from 'vscode'
import { Graphs } from './graph'
import { Server } from './server'

export function registerCommands(server: Server, graphs: Graphs): vscode.Disposable[] {
  const command = vscode.commands.registerCommand
  return [
    command('flow.run', (flow?: unknown, uri?: unknown) => runFlow(server, 'run', flow, uri)),
    command('flow.plan', (flow?: unknown, uri?: unknown) => runFlow(server, 'plan', flow, uri)),
    command('flow.test', (title?: unknown, uri?: unknown) => {
      const only = typeof title === 'string' ? [title] : []
      return flowc(server, ['test', ...only], uri)
    }),
    command('flow.graph', (uri?: unknown) => graphs.show(documentOf(uri))),
    command('flow.restart', () => server.restart()),
    command('flow.output', () => server.showOutput()),
  ]
}

async function runFlow(server: Server, verb: 'run' | 'plan', flow: unknown, uri: unknown): Promise<void> {
  const name = typeof flow === 'string' ? flow : await choose(verb)
  if (name !== undefined) await flowc(server, [verb, name], uri)
}

/** A flow of the file in front, by its name: the only one, or the one that is picked. */
async function choose(verb: string): Promise<string | undefined> {
  const document = vscode.window.activeTextEditor?.document
  const found = document?.languageId === 'flow' ? document.getText().matchAll(/^flow\s+([a-z_]\w*)/gm) : []
  const names = [...found].map(match => match[1])
  if (names.length > 1) return vscode.window.showQuickPick(names, { placeHolder: `The flow to ${verb}` })
  if (names.length === 1) return names[0]
  void vscode.window.showInformationMessage('There is no flow in this file.')
  return undefined
}

async function flowc(server: Server, words: string[], uri: unknown): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    await vscode.commands.executeCommand('workbench.trust.manage')
    return
  }
  const document = documentOf(uri)
  if (document) await vscode.workspace.saveAll(false)
  const folder = document && vscode.workspace.getWorkspaceFolder(document)
  const cwd = await projectOf(document) ?? folder?.uri.fsPath
  const run = new vscode.ProcessExecution(server.path, words, { cwd })
  const definition = { type: 'flowc', words }
  const task = new vscode.Task(definition, folder ?? vscode.TaskScope.Workspace, `flowc ${words.join(' ')}`, 'flow', run)
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, focus: false }
  await vscode.tasks.executeTask(task)
}

/** What a command is about: what it was given, or the file in front. */
function documentOf(uri: unknown): vscode.Uri | undefined {
  if (uri instanceof vscode.Uri) return uri
  if (typeof uri === 'string') return vscode.Uri.parse(uri)
  const document = vscode.window.activeTextEditor?.document
  return document?.languageId === 'flow' ? document.uri : undefined
}

/** The nearest folder above a file that has a `flow.toml`; a file without one is a project by itself, in its folder. */
async function projectOf(document: vscode.Uri | undefined): Promise<string | undefined> {
  if (document?.scheme !== 'file') return undefined
  const own = vscode.Uri.joinPath(document, '..')
  for (let folder = own; ; folder = vscode.Uri.joinPath(folder, '..')) {
    try {
      await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, 'flow.toml'))
      return folder.fsPath
    } catch {
      if (folder.path === vscode.Uri.joinPath(folder, '..').path) return own.fsPath
    }
  }
}
