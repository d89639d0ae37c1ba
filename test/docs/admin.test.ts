/** docs/admin.md says what the code does: its code and commands run, its tables are the code's. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { expect } from 'chai'
import type { Express } from 'express'
import { generateHubKeys, type Hub, memoryStore } from 'session-hub/hub'

import { auditBounds } from '../../hub/admin/options.js'
import { TRIES } from '../../hub/admin/tries.js'
import { MOST_AT_ONCE } from '../../hub/flows/administer.js'
import { permissions } from '../../hub/flows/permissions.js'
import { auditActs, auditOutcomes } from '../../hub/stores/store.js'
import { startAdminWorld } from '../support/admin-world.js'
import { listen } from '../support/listener.js'
import { send } from '../support/visitor.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = readFileSync(join(root, 'docs/admin.md'), 'utf8')

describe('docs/admin.md', () => {
  const firstCells = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell)

  it('has every permission, option, act, outcome and bound', () => {
    expect(firstCells).to.include.members([...permissions, 'authorize', 'tokens', 'isAdmin', 'auditSeconds'])
    for (const word of [...auditActs, ...auditOutcomes]) expect(page).to.include(`\`${word}\``)
    const { min, max, default: usual } = auditBounds
    expect(page).to.include(`seconds, ${min} to ${max} | ${usual} |`)
    expect(page).to.include(`ends at most ${MOST_AT_ONCE.toLocaleString('en')} sessions`)
    expect([TRIES.points, TRIES.seconds / 60]).to.deep.equal([5, 5])
    expect(page)
      .to.include('Five wrong tokens')
      .and.match(/wait for five\s+minutes/)
  })

  it('has requests that programs can make, with the answers that it says', async () => {
    const world = await startAdminWorld()
    await world.signedIn('ada')
    try {
      const program = world.program('chief')
      const list = await program('/admin/api/sessions?subject=ada')
      const [session] = list.json.sessions as object[]
      for (const member of Object.keys(session!)) expect(page).to.include(`\`${member}\``)
      const curl = /--json '(\{[^']*\})' \S+(\/admin\/api\/\S+)/.exec(page)!
      const ended = await program(curl[2]!, JSON.parse(curl[1]!) as object)
      const audit = await program('/admin/api/audit')
      const answers = [list, ended, audit].map(({ json }) => `{ ${Object.keys(json).join(', ')} }`)
      expect([...page.matchAll(/ \| `(\{ \w+, \w+ \})` \|$/gm)].map(([, answer]) => answer)).to.deep.equal(
        answers,
      )
      expect(ended.json).to.deep.equal({ ended: 1, spared: 0 })
    } finally {
      await world.world.close()
    }
  })

  it('has commands that the command line knows', () => {
    const commands = [...page.matchAll(/^npx session-hub (.*)$/gm)].map(([, command = '']) => command)
    expect(commands).to.have.length(5)
    for (const command of commands) {
      const args = command.split(' ')
      const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...args], {
        encoding: 'utf8',
        cwd: join(root, 'build'),
      })
      // The configuration is not there: that it is looked for means that all else was understood.
      if (command.startsWith('admin')) expect(status, stderr).to.equal(0)
      else expect(stderr, command).to.include('hub.json: does not exist')
    }
  })

  it('has an application whose own people are the administrators', async () => {
    const [, code = ''] = /^```js\n(import express.*?)^```$/ms.exec(page) ?? []
    mkdirSync(join(root, 'build'), { recursive: true })
    const folder = mkdtempSync(join(root, 'build', 'admin-'))
    const listener = await listen('hub.localhost')
    try {
      writeFileSync(join(folder, 'hub.mjs'), code)
      const application = (await import(pathToFileURL(join(folder, 'hub.mjs')).href)) as {
        startHub(options: object, staff: object): Promise<{ app: Express; hub: Hub }>
      }
      const staff = { grace: { email: 'grace@staff.example', isLead: false } }
      const store = memoryStore()
      const { app, hub } = await application.startHub(
        { origin: listener.origin, keys: generateHubKeys(), store },
        staff,
      )
      listener.use(app)
      const asked = (employee: string) =>
        send(`${listener.origin}/admin`, { headers: { 'x-employee': employee } })

      const [known, stranger] = [await asked('grace'), await asked('mallory')]
      await hub.close()

      expect([known.status, stranger.status]).to.deep.equal([200, 401])
      expect(known.text).to.include('grace@staff.example')
    } finally {
      rmSync(folder, { recursive: true, force: true })
      await listener.close()
    }
  })
})
