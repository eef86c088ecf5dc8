// Where the editor enters: the server's client, what people can do, the graph. It knows nothing of Flow itself; all of
// that is in `flowc`.

import * as vscode from 'vscode'
import { registerCommands } from './commands'
import { Graphs } from './graph'
import { Server } from './server'

let server: Server | undefined

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  server = new Server(context)
  const graphs = new Graphs(server)
  context.subscriptions.push(server, graphs, ...registerCommands(server, graphs))
  await server.start()
}

export async function deactivate(): Promise<void> {
  await server?.stop()
}
