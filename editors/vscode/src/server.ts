// The language server: finding `flowc`, starting and stopping it, and saying so when it is not there.

import { execFile } from 'node:child_process'
import * as vscode from 'vscode'
import { LanguageClient, RevealOutputChannelOn, State } from 'vscode-languageclient/node'

const INSTALL = 'Choose flowc…'
const SETTINGS = 'Open the setting'
const RETRY = 'Try again'

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined
  private readonly status: vscode.StatusBarItem
  private readonly output: vscode.LogOutputChannel
  private readonly watched: vscode.Disposable[] = []
  /** One thing at a time: starts and restarts wait for the one before. */
  private last: Promise<void> = Promise.resolve()

  constructor(context: vscode.ExtensionContext) {
    this.output = vscode.window.createOutputChannel('Flow', { log: true })
    this.status = vscode.window.createStatusBarItem('flow.status', vscode.StatusBarAlignment.Right, 10)
    this.status.name = 'Flow'
    this.watched.push(
      this.output,
      this.status,
      vscode.workspace.onDidChangeConfiguration(change => {
        if (change.affectsConfiguration('flow.server')) void this.restart()
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.restart()),
    )
    context.subscriptions.push(vscode.window.onDidChangeActiveTextEditor(() => this.showStatus()))
  }

  /** The program, by the settings. */
  get path(): string {
    return vscode.workspace.getConfiguration('flow').get<string>('server.path')?.trim() || 'flowc'
  }

  start(): Promise<void> {
    this.last = this.last.then(() => this.begin()).catch(error => this.failed(error))
    return this.last
  }

  stop(): Promise<void> {
    this.last = this.last.then(() => this.end()).catch(error => this.output.error(String(error)))
    return this.last
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  showOutput(): void {
    this.output.show(true)
  }

  /** Asks the server, if it runs. */
  async ask<Answer>(method: string, parameters: unknown, token?: vscode.CancellationToken): Promise<Answer> {
    await this.last
    if (!this.client?.isRunning()) throw new Error('the language server does not run')
    return this.client.sendRequest<Answer>(method, parameters, token)
  }

  dispose(): void {
    this.watched.forEach(one => one.dispose())
  }

  private async begin(): Promise<void> {
    if (this.client) return
    this.say('$(sync~spin) Flow', 'flowc is started')
    const settings = vscode.workspace.getConfiguration('flow')
    const version = await versionOf(this.path)
    this.output.info(`${version}, from ${this.path}`)
    const run = { command: this.path, args: settings.get<string[]>('server.arguments') ?? ['lsp'] }
    const client = new LanguageClient('flow', 'Flow', run, {
      documentSelector: [
        { scheme: 'file', language: 'flow' },
        { scheme: 'untitled', language: 'flow' },
      ],
      synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/{*.flow,flow.toml,*.sql,*.py,*.sh}') },
      outputChannel: this.output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    })
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running) this.say('$(check) Flow', `${version}\n${this.path}`)
      if (newState === State.Stopped) this.say('$(circle-slash) Flow', 'flowc does not run')
    })
    this.client = client
    await client.start()
  }

  private async end(): Promise<void> {
    const client = this.client
    this.client = undefined
    if (client?.isRunning()) await client.stop()
    await client?.dispose()
  }

  private failed(error: unknown): void {
    this.client = undefined
    const why = error instanceof Error ? error.message : String(error)
    this.output.error(why)
    this.say('$(error) Flow', `flowc does not run: ${why}`, true)
    void this.offerAWayOut(why)
  }

  private async offerAWayOut(why: string): Promise<void> {
    const said = `Flow programs are coloured but not checked: ${why}`
    const choice = await vscode.window.showWarningMessage(said, INSTALL, SETTINGS, RETRY)
    if (choice === RETRY) await this.start()
    if (choice === SETTINGS) await openPath()
    if (choice === INSTALL) {
      const [file] = (await vscode.window.showOpenDialog({ title: 'The program flowc', canSelectMany: false })) ?? []
      if (!file) return
      const settings = vscode.workspace.getConfiguration('flow')
      // Its change restarts the server.
      await settings.update('server.path', file.fsPath, vscode.ConfigurationTarget.Global)
    }
  }

  private say(text: string, tooltip: string, wrong = false): void {
    this.status.text = text
    this.status.tooltip = tooltip
    this.status.command = wrong ? 'flow.restart' : 'flow.output'
    this.status.backgroundColor = wrong ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined
    this.showStatus()
  }

  private showStatus(): void {
    if (vscode.window.activeTextEditor?.document.languageId === 'flow') this.status.show()
    else this.status.hide()
  }
}

/** What `flowc --version` says; an error in words if there is no such program. */
function versionOf(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(path, ['--version'], { timeout: 20_000 }, (error, stdout) => {
      if (!error) resolve(stdout.trim())
      else if (error.code === 'ENOENT') reject(new Error(`there is no program \`${path}\``))
      else if (error.code === 'EACCES') reject(new Error(`\`${path}\` may not be run`))
      else reject(new Error(`\`${path}\` cannot be run: ${error.message}`))
    })
  })
}

/** The setting is the machine's: in a window on another machine it stands among that machine's settings. */
function openPath(): Thenable<unknown> {
  return vscode.env.remoteName
    ? vscode.commands.executeCommand('workbench.action.openRemoteSettings', { query: 'flow.server.path' })
    : vscode.commands.executeCommand('workbench.action.openSettings', 'flow.server.path')
}
