/** What a body may be: small, soon there, shallow, JSON, and every key once (R6, R31). At each door that reads one. */
import { once } from 'node:events'
import http from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import express from 'express'
import { createSite } from 'session-hub/site'

import { siteToken } from '../support/forge.js'
import { listen } from '../support/listener.js'
import { expectRefusal, expectRefusalWithoutCookies } from '../support/refusal.js'
import { binding, type Reply, send } from '../support/visitor.js'
import { startWorld, type World } from '../support/world.js'

interface Door {
  readonly url: string
  readonly headers: Record<string, string>
  /** A body that is right in its form. */
  readonly right: object
  /** What the right body is answered with. */
  readonly code: string | undefined
}

describe('a body', () => {
  let world: World
  beforeEach(async () => {
    world = await startWorld({ sites: ['shop'] })
  })
  afterEach(() => world.close())

  const doors: Record<string, () => Door> = {
    'POST /session-hub/redeem': () => ({
      url: `${world.siteOf('shop').origin}/session-hub/redeem`,
      headers: { 'content-type': 'application/json', origin: world.siteOf('shop').origin },
      right: { ticket: 'x', verifier: binding().verifier },
      code: 'ticket_invalid',
    }),
    'POST /session-hub/offer': () => ({
      url: `${world.siteOf('shop').origin}/session-hub/offer`,
      headers: { 'content-type': 'application/json', origin: world.siteOf('shop').origin },
      right: { nonce: binding().nonce },
      code: undefined,
    }),
    'POST /exchange': () => ({
      url: `${world.hub.origin}/exchange`,
      headers: {
        'content-type': 'application/json',
        origin: world.hub.origin,
        'sec-fetch-site': 'same-origin',
        'x-session-hub': '1',
      },
      right: { site: world.siteOf('shop').origin, nonce: binding().nonce, proof: 'x', offer: null },
      code: 'request_invalid',
    }),
    'POST /backchannel/read': () => ({
      url: `${world.hub.origin}/backchannel/read`,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${siteToken(world, world.siteOf('shop'))}`,
      },
      right: { handle: binding().verifier },
      code: 'session_ended',
    }),
  }

  const padded = (text: string, bytes: number) => text + ' '.repeat(bytes - Buffer.byteLength(text))
  /** Name → the wrong body, made from the right one as text. */
  const wrong: Record<
    string,
    [code: string, status: number, make: (right: string) => string | Buffer | undefined]
  > = {
    'is missing': ['request_invalid', 400, () => undefined],
    'is empty': ['request_invalid', 400, () => ''],
    'has nine kilobytes': ['body_too_large', 413, (right) => padded(right, 9216)],
    'has one byte too many': ['body_too_large', 413, (right) => padded(right, 8193)],
    'is thousands of lists deep': ['request_invalid', 400, () => '['.repeat(4000) + ']'.repeat(4000)],
    'is thousands of lists deep in a member': [
      'request_invalid',
      400,
      (right) => right.replace('{', `{"x":${'['.repeat(4000)},`),
    ],
    'has __proto__': ['request_invalid', 400, (right) => right.replace('{', '{"__proto__":{"x":1},')],
    'has __proto__ in another spelling': [
      'request_invalid',
      400,
      (right) => right.replace('{', '{"\\u005f_proto__":null,'),
    ],
    'has a key twice': ['request_invalid', 400, (right) => right.replace('{', `{${right.slice(1, -1)},`)],
    'has a member that nobody knows': ['request_invalid', 400, (right) => right.replace('{', '{"x":1,')],
    'has a hundred members': [
      'request_invalid',
      400,
      () => JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, key) => [`k${key}`, 1]))),
    ],
    'is a list': ['request_invalid', 400, (right) => `[${right}]`],
    'is null': ['request_invalid', 400, () => 'null'],
    'is text': ['request_invalid', 400, () => '"x"'],
    'has something behind it': ['request_invalid', 400, (right) => `${right}{}`],
    'is a form': ['request_invalid', 400, () => 'ticket=x&verifier=y'],
    'is no UTF-8': [
      'request_invalid',
      400,
      (right) => Buffer.concat([Buffer.from(right.slice(0, -1)), Buffer.from([0xff, 0x7d])]),
    ],
    'is compressed': ['request_invalid', 400, (right) => gzipSync(right)],
  }

  for (const door of Object.keys(doors)) {
    it(`R31: ${door} refuses a body that is wrong in any one way, and takes the right one`, async () => {
      const { url, headers, right, code: rightCode } = doors[door]!()
      const text = JSON.stringify(right)
      for (const [name, [code, status, make]] of Object.entries(wrong)) {
        const body = make(text)
        const reply = await send(url, {
          method: 'POST',
          headers: { ...headers, ...(name === 'is compressed' && { 'content-encoding': 'gzip' }) },
          ...(body !== undefined && { body }),
        })
        expect(reply.status, `${name}: ${reply.text}`).to.equal(status)
        expectRefusalWithoutCookies(reply, status, code)
      }
      const twins = [text, padded(text, 8192), `\n\t${text}\n`]
      for (const body of twins) {
        const reply = await send(url, { method: 'POST', headers, body })
        expect(reply.json.error, reply.text).to.equal(rightCode)
        if (rightCode === 'request_invalid') expect(reply.text).to.include('frame is too old')
      }
    })
  }

  it('R31: that comes in chunks is counted as it comes', async () => {
    for (const door of Object.values(doors)) {
      const { url, headers, right } = door()
      const text = JSON.stringify(right)
      expectRefusal(await sendChunked(url, headers, padded(text, 9216)), 413, 'body_too_large')
      const twin = await sendChunked(url, headers, padded(text, 8192))
      expect(twin.json.error, twin.text).to.not.equal('body_too_large')
    }
  })

  it('R31: that does not come is waited for ten seconds, at every door', async () => {
    const began = performance.now()
    const answers = await Promise.all(
      Object.values(doors).map(async (door) => {
        const { url, headers } = door()
        return slowly(url, headers)
      }),
    )
    const tookMs = performance.now() - began
    for (const answer of answers) {
      expect(answer).to.match(/^HTTP\/1\.1 408 /)
      expect(answer).to.match(/connection: close/i)
      expect(answer).to.include('"error":"body_timeout"')
    }
    expect(tookMs).to.be.within(9000, 14_000)
  }).timeout(20_000)

  it('R31: headers are bound by Node’s limit, and a long cookie within it is only a wrong one', async () => {
    const { origin } = world.siteOf('shop')
    const cookie = (length: number) => ({ cookie: `__Host-session=${'A'.repeat(length)}` })
    const reply = await send(`${origin}/whoami`, { headers: cookie(20_000) })
    expect(reply.status).to.equal(431)
    const twin = await send(`${origin}/whoami`, { headers: cookie(8000) })
    expect(twin.json).to.include({ session: 'none' })
  })

  it('R31: that the application’s own parser has read is held to the same bounds', async () => {
    const listener = await listen('shop2.localhost')
    const { keys } = world.siteOf('shop')
    const site = await createSite({ origin: listener.origin, hub: world.hub.origin, keys })
    listener.use(express.json({ limit: '1mb' }))
    listener.use(site.router)
    try {
      const post = (body: object) =>
        send(`${listener.origin}/session-hub/offer`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: listener.origin },
          body,
        })
      const { nonce } = binding()
      let deep: object = {}
      for (let level = 0; level < 2000; level += 1) deep = [deep]
      for (const body of [
        { nonce, deep },
        [nonce],
        { nonce, x: 1 },
        JSON.parse(`{"nonce":"${nonce}","__proto__":1}`) as object,
      ]) {
        expectRefusalWithoutCookies(await post(body), 400, 'request_invalid')
      }
      expect((await post({ nonce })).json).to.deep.equal({ offer: null })
    } finally {
      site.close()
      await listener.close()
    }
  })
})

/** Without Content-Length: Node sends it chunked. */
async function sendChunked(url: string, headers: Record<string, string>, body: string): Promise<Reply> {
  const { port, pathname, host } = new URL(url)
  const req = http.request({
    host: '127.0.0.1',
    port,
    path: pathname,
    method: 'POST',
    headers: { host, ...headers },
  })
  for (let at = 0; at < body.length; at += 1024) req.write(body.slice(at, at + 1024))
  req.end()
  const [res] = (await once(req, 'response')) as [http.IncomingMessage]
  let text = ''
  for await (const chunk of res) text += String(chunk)
  return {
    status: res.statusCode ?? 0,
    headers: res.headers,
    text,
    json: JSON.parse(text) as Record<string, unknown>,
  }
}

/** Says that a hundred bytes will come, sends one, and listens until it is cut off. */
async function slowly(url: string, headers: Record<string, string>): Promise<string> {
  const { port, pathname, host } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  const lines = Object.entries({ host, ...headers, 'content-length': '100' })
  socket.write(
    `POST ${pathname} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n{`,
  )
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  await once(socket, 'close')
  return answer
}
