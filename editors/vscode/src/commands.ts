// What people can do besides writing: run, plan, test, see the graph, restart. All of it is `flowc` in a terminal of the
// editor's, as a task, with arguments that no shell reads.

import * as vscode from 'vscode'
import { Graphs } from './graph'
import { Server } from './server'

export function registerCommands(server: Server, graphs: Graphs): vscode.Disposable[] {
  const command = vscode.commands.registerCommand
  return [
    command('flow.run', (given?: unknown) => runFlow(server, 'run', about(given))),
    command('flow.plan', (given?: unknown) => runFlow(server, 'plan', about(given))),
    command('flow.test', (given?: unknown) => {
      const { name, uri } = about(given)
      return flowc(server, name === undefined ? ['test'] : ['test', name], uri)
    }),
    command('flow.graph', (given?: unknown) => graphs.show(about(given).uri)),
    command('flow.restart', () => server.restart()),
    command('flow.output', () => server.showOutput()),
  ]
}

/** What a command is about. */
interface About {
  name?: string
  uri?: vscode.Uri
}

/** A lens says the file and the name, a menu the file, a binding of keys perhaps the name; else it is the file in front. */
function about(given: unknown): About {
  if (given instanceof vscode.Uri) return { uri: given }
  const said = typeof given === 'string' ? { name: given } : ((given ?? {}) as { name?: unknown; uri?: unknown })
  const uri = typeof said.uri === 'string' ? vscode.Uri.parse(said.uri) : inFront()
  return { name: typeof said.name === 'string' ? said.name : undefined, uri }
}

function inFront(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document
  return document?.languageId === 'flow' ? document.uri : undefined
}

async function runFlow(server: Server, verb: 'run' | 'plan', { name, uri }: About): Promise<void> {
  const flow = name ?? (await choose(verb))
  if (flow !== undefined) await flowc(server, [verb, flow], uri)
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

async function flowc(server: Server, words: string[], document: vscode.Uri | undefined): Promise<void> {
  if (!vscode.workspace.isTrusted) {
    await vscode.commands.executeCommand('workbench.trust.manage')
    return
  }
  if (document) await vscode.workspace.saveAll(false)
  const folder = document && vscode.workspace.getWorkspaceFolder(document)
  const cwd = await projectOf(document) ?? folder?.uri.fsPath
  const run = new vscode.ProcessExecution(server.path, words, { cwd })
  const definition = { type: 'flowc', words }
  const task = new vscode.Task(definition, folder ?? vscode.TaskScope.Workspace, `flowc ${words.join(' ')}`, 'flow', run)
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, focus: false }
  await vscode.tasks.executeTask(task)
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
