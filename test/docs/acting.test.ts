/** docs/flows/acting.md says what the code does: its application runs, its tables are the code's. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { expect } from 'chai'
import type { RequestHandler } from 'express'
import type { Site, SiteSession } from 'session-hub/site'

import { limits } from '../../sdk/protocol/wire.js'
import { Visitor } from '../support/visitor.js'
import { startWorld } from '../support/world.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const page = readFileSync(join(root, 'docs/flows/acting.md'), 'utf8')

type Pages = (
  site: Site,
  customers: Record<string, { subject: string; name: string }>,
  isSupport: (session: SiteSession) => boolean,
) => RequestHandler

describe('docs/flows/acting.md', () => {
  it('has the bounds of the code', () => {
    const { actingSeconds, actingSignInSeconds, reasonLength } = limits
    const { min, max, default: usual } = actingSeconds
    expect(page).to.match(
      new RegExp(`\\| \`minutes\` \\| .*, ${min / 60} to ${max / 60},.* \\| ${usual / 60} \\|`),
    )
    expect(page).to.include(`at most ${reasonLength} characters`)
    expect(actingSignInSeconds, 'an hour').to.equal(3600)
    expect(page).to.include('more than an hour ago')
  })

  it('has pages for the support: who is of it acts as a customer and comes back, others do not', async () => {
    const [, code = ''] = /^```js\n(import express.*?)^```$/ms.exec(page) ?? []
    mkdirSync(join(root, 'build'), { recursive: true })
    const folder = mkdtempSync(join(root, 'build', 'acting-'))
    const world = await startWorld({ sites: [], registration: () => ({ mayImpersonate: true }) })
    try {
      writeFileSync(join(folder, 'pages.mjs'), code)
      const { supportPages } = (await import(pathToFileURL(join(folder, 'pages.mjs')).href)) as {
        supportPages: Pages
      }
      const customers = { ada: { subject: 'ada', name: 'Ada' } }
      const { origin } = await world.addSite('shop', (app, site) => {
        app.use(site.router)
        app.post('/sign-in/:name', site.session(), async (req, res) => {
          await site.signIn(req, res, { subject: req.params.name, claims: { name: 'Root' } })
          res.json({})
        })
        app.use(supportPages(site, customers, ({ subject }) => subject === 'root'))
      })
      const support = new Visitor(world.hub.origin)
      const form = (path: string, fields: Record<string, string> = {}) =>
        support.ask(origin + path, {
          method: 'POST',
          body: new URLSearchParams(fields).toString(),
          headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
        })
      const account = async () => (await support.ask(`${origin}/account`)).text
      const asAda = { customer: 'ada', reason: 'Ticket 4711' }

      await form('/sign-in/eve')
      expect(await form('/support/act-as', asAda)).to.include({ status: 403 })
      await form('/sign-in/root')
      expect(await form('/support/act-as', asAda)).to.include({ status: 303 })
      expect(await account()).to.match(/^You see this as a customer, until \d.*Z\. Hello, Ada$/)
      expect(await form('/support/back')).to.include({ status: 303 })
      expect(await account()).to.equal('Hello, Root')
    } finally {
      await world.close()
      rmSync(folder, { recursive: true })
    }
  })
})
