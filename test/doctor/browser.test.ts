/** The doctor in a real Chromium: what only a browser shows, each set-up broken in one thing. */
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'

import { expect } from 'chai'

import { findChromium } from '../../hub/doctor/browser/chromium.js'
import { type BrowserQuestion, examineInBrowser } from '../../hub/doctor/browser/lines.js'
import type { Line } from '../../hub/doctor/findings.js'
import { newFolder } from '../cli/command.js'
import { type Break, createBreakingProxy } from '../support/breaking-proxy.js'
import { findProgram } from '../support/programs.js'
import { startWorld, type World } from '../support/world.js'

describe('the doctor in a browser', () => {
  let world: World
  const proxy = createBreakingProxy()
  let question: BrowserQuestion
  before(async () => {
    world = await startWorld({
      sites: ['shop', 'travel'],
      inFrontOfHub: proxy.handler,
      inFrontOfSites: proxy.handler,
    })
    question = {
      executable: findProgram('SESSION_HUB_CHROMIUM'),
      hub: world.hub.origin,
      sites: [world.siteOf('shop').origin],
      page: '/',
      endpoint: '/session-hub',
      timeoutMs: 15_000,
    }
  })
  afterEach(() => {
    proxy.mend()
  })
  after(() => world.close())

  async function look(more: Partial<BrowserQuestion> = {}): Promise<Line[]> {
    const lines: Line[] = []
    for await (const line of examineInBrowser({ ...question, ...more })) lines.push(line)
    return lines
  }
  const codes = async (more: Partial<BrowserQuestion> = {}) => [
    ...new Set((await look(more)).flatMap(({ findings }) => findings).map(({ code }) => code)),
  ]
  const policy = (text: string): Break => ({
    head(head, { url }) {
      if (url === '/') head.set('content-security-policy', text)
    },
  })
  const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith('session-hub-doctor-')).length

  it('finds nothing where all is well, says which rung worked, and leaves no session and no profile behind', async () => {
    const before = profiles()
    const sites = ['shop', 'travel'].map((name) => world.siteOf(name).origin)
    const lines = await look({ sites })
    expect(lines.flatMap(({ findings }) => findings)).to.deep.equal([])
    for (const about of sites)
      expect(lines.filter((line) => line.about === about).map(({ looked }) => looked)).to.deep.equal([
        'syncs in Chromium with the cookies of other sites allowed, by "frame"',
        'has no error on its console in Chromium with the cookies of other sites allowed',
        'syncs in Chromium with the cookies of other sites blocked: its frame is blocked, as it has to be',
        'has no error on its console in Chromium with the cookies of other sites blocked',
        'comes back from the hub in Chromium with the cookies of other sites blocked',
      ])
    expect(await world.hub.store.search({ nowMs: world.now(), limit: 10 })).to.be.empty
    expect(profiles()).to.equal(before)
  }).timeout(120_000)

  it('names what is in the way of the SDK @all', async () => {
    proxy.breaks(policy("script-src 'none'"))
    expect(await codes()).to.include.members(['browser_no_sdk', 'browser_errors'])
  }).timeout(120_000)

  it('names what is in the way of the sync, with the words of the console', async () => {
    proxy.breaks(policy("frame-src 'none'"))
    const found = (await look()).flatMap(({ findings }) => findings)
    expect(found.map(({ code }) => code)).to.include('browser_sync_failed')
    expect(JSON.stringify(found))
      .to.match(/frame-src/)
      .and.to.not.match(/nonce=/)
  }).timeout(120_000)

  it('names a frame that is blocked though cookies are allowed @all', async () => {
    proxy.breaks({
      request({ url = '', headers }) {
        if (url.startsWith('/frame?')) delete headers.referer
      },
    })
    expect(await codes()).to.include('browser_blocked')
  }).timeout(120_000)

  it('names a page that does not load, and a redirect that does not come back @all', async () => {
    proxy.breaks({
      instead(req, res, next) {
        if (req.path === '/redirect') res.status(502).send('down')
        else next()
      },
    })
    expect(await codes()).to.include('browser_redirect_failed')
    expect(await codes({ sites: ['http://nobody.localhost:1'] })).to.deep.equal(['browser_page_failed'])
  }).timeout(180_000)

  it('waits for no page that never rests, and for no server that is silent @all', async () => {
    proxy.breaks({
      instead(req, res, next) {
        if (req.url === '/')
          res.type('html').send('<!doctype html><title>x</title><script>for (;;);</script>')
        else next()
      },
    })
    expect(await codes({ timeoutMs: 1000 })).to.deep.equal(['browser_page_failed'])
    proxy.breaks({
      instead(req, _res, next) {
        if (req.url !== '/') next()
      },
    })
    expect(await codes({ timeoutMs: 1000 })).to.deep.equal(['browser_page_failed'])
  })

  it('says where there is no browser, or none that starts', async () => {
    expect(findChromium({ PATH: '/nowhere' })).to.satisfy(
      (path?: string) => path === undefined || existsSync(path),
    )
    for (const executable of [undefined, '/nowhere/chromium', '/bin/false'])
      expect(await codes({ executable })).to.deep.equal(['browser_missing'])
  }).timeout(60_000)

  it('is a part of the command', async () => {
    const folder = newFolder()
    try {
      const { hub, sites, executable = '' } = question
      const { code, stdout } = await folder.run(
        'doctor',
        hub,
        ...sites,
        '--browser',
        executable,
        '--timeout',
        '20',
      )
      expect(stdout).to.include('✓ syncs in Chromium with the cookies of other sites allowed, by "frame"')
      expect(code).to.equal(0)
      const without = await folder.run('doctor', hub, ...sites, '--browser', '/nowhere/chromium')
      expect([without.code, without.stdout.includes('browser_missing')]).to.deep.equal([2, true])
    } finally {
      await folder.close()
    }
  }).timeout(120_000)
})
