/** `createClient` where there is no document: on a server that renders the page, and in tests without a browser. */
import { expect } from 'chai'
import { type Client, createClient } from 'session-hub'
import { sessionHub, type SessionSnapshot } from 'session-hub/svelte'

const hub = 'https://hub.example'

describe('a client without a document', () => {
  it('does nothing, says nothing and rejects nothing, and touches nothing of the server’s', async () => {
    const before = Object.getOwnPropertyNames(globalThis)
    const client = createClient({ hub, start: 'auto' })
    const heard: unknown[] = []
    const stop = client.on('synced', (detail) => heard.push(detail))
    const nothing = { outcome: null, reason: null, rung: null, isBlocked: false, requests: 0, atMs: 0 }
    for (const status of [
      client.status,
      await client.sync({ force: true }),
      await client.resolve('hub'),
      await client.forget(),
      await client.requestAccess(),
    ])
      expect(status).to.deep.equal(nothing)
    expect(await client.signOut()).to.equal(false)
    expect(await client.explain()).to.include('without a page')
    client.redirect()
    client.decorate()()
    client.accessButton({} as Element)()
    stop()
    client.close()
    expect(heard).to.deep.equal([])
    expect(Object.getOwnPropertyNames(globalThis)).to.deep.equal(before)
  })

  for (const endpoint of [
    'https://api.shop.example/session-hub',
    '//api.shop.example/session-hub',
    '.shop.example/session-hub',
    'session-hub',
    '/session-hub/',
    '/',
    '',
    '/session-hub?x',
  ])
    it(`is refused "${endpoint}" as its endpoint, with a way out`, () => {
      expect(() => createClient({ hub, endpoint })).to.throw(
        TypeError,
        /"endpoint" is a path of the page's own origin, .* docs\/frontends\.md/,
      )
    })
  for (const endpoint of ['/session-hub', '/shop/session-hub', '/v1.2/hub'])
    it(`may have "${endpoint}" as its endpoint`, () => {
      expect(createClient({ hub, endpoint }).status.atMs).to.equal(0)
    })
})

describe('a snapshot of a client', () => {
  /** A client whose events come when the test says so. */
  function scripted() {
    const listeners = new Map<string, (detail: never) => void>()
    const client = {
      ...createClient({ hub }),
      on(name: string, listener: (detail: never) => void) {
        listeners.set(name, listener)
        return () => undefined
      },
    } as Client
    const seen: SessionSnapshot[] = []
    const stop = sessionHub(client).subscribe((snapshot) => seen.push(snapshot))
    const say = (name: string, detail: object) => {
      listeners.get(name)?.(detail as never)
      return seen.at(-1)!
    }
    return { client, seen, stop, say }
  }
  const conflict = { subject: 'bob', claims: {} }
  const access = { reason: 'blocked', rungs: ['access'] }

  it('counts what has become of the session', () => {
    const { say } = scripted()
    expect(say('session-replaced', {}).changes).to.equal(1)
    expect(say('synced', { outcome: 'replace' }).changes).to.equal(1)
    expect(say('session-ended', {}).changes).to.equal(2)
    expect(say('sync-failed', { outcome: 'failed' }).changes).to.equal(2)
  })

  it('has the other user from the conflict on until a sync comes to something else', () => {
    const { say } = scripted()
    expect(say('session-conflict', conflict).conflict).to.equal(conflict)
    expect(say('synced', { outcome: 'conflict' }).conflict).to.equal(conflict)
    expect(say('synced', { outcome: 'replace' }).conflict).to.equal(null)
  })

  it('has what is left to try for as long as the browser blocks', () => {
    const { say } = scripted()
    expect(say('synced', { isBlocked: true }).accessNeeded).to.equal(null)
    expect(say('access-needed', access).accessNeeded).to.equal(access)
    expect(say('synced', { isBlocked: true }).accessNeeded).to.equal(access)
    expect(say('synced', { isBlocked: false }).accessNeeded).to.equal(null)
  })

  it('is one for all who look, another after each change, and none for who has stopped', () => {
    const { client, seen, stop, say } = scripted()
    const others: SessionSnapshot[] = []
    const stopOther = sessionHub(client).subscribe((snapshot) => others.push(snapshot))
    say('session-replaced', {})
    expect(others).to.deep.equal(seen)
    expect(others.at(-1)).to.equal(seen.at(-1))
    expect(seen[0]).to.not.equal(seen[1])
    stop()
    say('session-ended', {})
    expect([seen.length, others.length]).to.deep.equal([2, 3])
    stopOther()
  })
})
