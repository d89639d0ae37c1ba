/** The admin pages inside an application that has administrators of its own. */
import { expect } from 'chai'
import type { Request } from 'express'
import type { Admin } from 'session-hub/hub'

import { Administrator } from '../support/administrator.js'
import { type AdminWorld, startAdminWorld } from '../support/admin-world.js'
import { expectRefusal } from '../support/refusal.js'

describe('with "authorize"', () => {
  let world: AdminWorld
  /** What the application says of whoever has its cookie. */
  let admin: unknown
  let asked: string[]
  let browser: Administrator

  beforeEach(async () => {
    admin = { name: 'grace@example.com', permissions: ['read', 'logout'] } satisfies Admin
    asked = []
    world = await startAdminWorld({
      tokens: undefined,
      authorize: async (req: Request) => {
        asked.push(req.path)
        return req.get('cookie')?.includes('app=grace') === true ? (admin as Admin) : null
      },
    } as never)
    await world.signedIn('ada')
    browser = new Administrator(world.world.hub.origin)
    browser.cookies(world.world.hub.origin).set('app', 'grace')
  })
  afterEach(() => world.world.close())

  it('shows the pages, and ends sessions, to whom the application vouches for', async () => {
    const [ref = ''] = await browser.refs()
    const ended = await browser.send('/admin/end', { one: ref })

    expect(ended.status).to.equal(303)
    expect(await world.acts()).to.deep.equal([
      { who: 'grace@example.com', act: 'end', subject: 'ada', outcome: 'done' },
    ])
    expect(asked).to.deep.equal(['/admin', '/admin/end'])
  })

  it('has no sign-in of its own: no page for it, no button to sign out, no token', async () => {
    const page = await browser.read('/admin')
    expect(page.text).to.include('grace@example.com').and.not.include('Sign out')
    for (const path of ['/admin/sign-in', '/admin/sign-out'])
      expect((await browser.send(path, {})).status).to.be.oneOf([404, 405])
    expectRefusal(await world.program('chief')('/admin/api/sessions'), 401, 'sign_in_required')
  })

  it('shows nothing to anybody else', async () => {
    const stranger = world.stranger()
    const page = await stranger.read('/admin')
    expect(page.status).to.equal(401)
    expect(page.text).not.to.include('ada')
    expectRefusal(await stranger.read('/admin/api/sessions'), 401, 'sign_in_required')
  })

  it('takes no form, and no request of a program, that a stranger’s page makes the browser send', async () => {
    const [ref = ''] = await browser.refs()
    const { shop } = world
    const form = await browser.send(
      '/admin/end',
      { one: ref },
      { origin: shop, 'sec-fetch-site': 'cross-site' },
    )
    const untagged = await browser.send('/admin/end', { one: ref, form: '' })
    const json = await browser.ask(`${world.world.hub.origin}/admin/api/sessions/end`, {
      method: 'POST',
      body: { refs: [ref] },
      headers: { 'content-type': 'application/json', authorization: 'Basic Z3JhY2U6eA==' },
    })

    expect([form.status, untagged.status, json.status]).to.deep.equal([403, 403, 403])
    expect(await world.count('ada')).to.equal(1)

    const own = await browser.ask(`${world.world.hub.origin}/admin/api/sessions/end`, {
      method: 'POST',
      body: { refs: [ref] },
      headers: { 'content-type': 'application/json', 'x-session-hub': '1' },
    })
    expect(own.json).to.deep.equal({ ended: 1, spared: 0 })
  })

  for (const [name, answer] of [
    ['no name', { permissions: ['read'] }],
    ['no permissions', { name: 'grace' }],
    ['a permission that is none', { name: 'grace', permissions: ['logout-al'] }],
    ['true', true],
    ['a name in two lines', { name: 'gra\nce', permissions: ['read'] }],
  ] as const) {
    it(`is closed where the application answers ${name} (R21)`, async () => {
      admin = answer
      expect((await browser.read('/admin')).status).to.equal(503)
      expectRefusal(await browser.read('/admin/api/sessions'), 503, 'unavailable')
    })
  }

  it('is closed where the application throws (R21)', async () => {
    await world.world.close()
    world = await startAdminWorld({
      tokens: undefined,
      authorize: () => {
        throw new Error('no directory')
      },
    } as never)

    const page = await new Administrator(world.world.hub.origin).read('/admin')

    expect(page.status).to.equal(503)
    expect(page.text).not.to.include('directory')
    expect(JSON.stringify(world.world.log)).to.include('/admin')
  })
})
