/** R31: while the hub hangs, what waits for it at a site is bounded, whoever sends it: reads, renewals and sign-ins that are told later. */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'
import express, { type Response } from 'express'
import { generateSite } from 'session-hub/hub'

import type { SessionClaims } from '../../sdk/protocol/claims.js'
import { toSessionHubError } from '../../sdk/protocol/errors.js'
import { createHubClient, type HubClient } from '../../sdk/site/hub/client.js'
import { createHubLine } from '../../sdk/site/hub/line.js'
import { createHubTransport, type HubTransport } from '../../sdk/site/hub/transport.js'
import { resolveSiteOptions } from '../../sdk/site/options.js'
import { createProvisional } from '../../sdk/site/session/provisional.js'
import { createRenewals } from '../../sdk/site/session/renewals.js'
import { listen, type Listener } from '../support/listener.js'
import { until } from '../support/until.js'

const MOST = 20
const STRANGERS = 50

describe('R31: while the hub hangs', () => {
  let hub: Listener
  let transport: HubTransport
  let ways: Record<string, (whose: string) => Promise<unknown>>
  /** Requests that the hub has and does not answer, and how many acts each of them brings. */
  let waiting: { readonly res: Response; readonly acts: number; readonly isBatch: boolean }[]
  let logged: string[]

  beforeEach(async () => {
    hub = await listen('hub.localhost')
    waiting = []
    hub.app.use(express.text({ type: '*/*' }), ({ path, body }, res) => {
      const isBatch = path.endsWith('/batch')
      waiting.push({ res, isBatch, acts: isBatch ? String(body).trimEnd().split('\n').length : 1 })
    })
    const origin = 'https://shop.example'
    const { keys } = await generateSite(origin)
    const settings = await resolveSiteOptions({ origin, hub: hub.origin, keys, hubTimeoutMs: 10_000 })
    transport = createHubTransport(settings)
    logged = []
    const line = createHubLine(settings, transport, ({ event }) => void logged.push(event), MOST)
    const client: HubClient = createHubClient(
      line,
      () => Promise.resolve({ token: 'x' }),
      settings.now,
      (error) => error,
    )
    const provisional = createProvisional(client, settings)
    const none = () => Promise.reject(new Error('The hub has shown no session'))
    const renewals = createRenewals(settings, client, {
      issue: none,
      issueProvisional: none,
      known: () => undefined,
      read: () => Promise.resolve(undefined),
    })
    const signedIn: SessionClaims = { iss: origin, aud: origin, iat: 1, exp: 300, sub: 'ada' }
    ways = {
      'read of a session': (whose) => client.read(whose),
      renewal: (whose) => renewals.renew(whose, undefined as never),
      'sign-in that is told later': (whose) => provisional.register({ ...signedIn, jti: whose }),
    }
  })
  afterEach(async () => {
    transport.close()
    await hub.close()
  })

  const stranger = () => randomBytes(16).toString('base64url')
  function answerAll(): void {
    const status = 401
    const body = { error: 'session_ended', end_reason: 'expired' }
    for (const { res, acts, isBatch } of waiting.splice(0))
      if (isBatch) res.send(`${JSON.stringify({ status, body })}\n`.repeat(acts))
      else res.status(status).json(body)
  }
  const actsWaiting = () => waiting.reduce((sum, { acts }) => sum + acts, 0)

  for (const way of ['read of a session', 'renewal', 'sign-in that is told later'] as const) {
    it(`so many wait for a ${way}, and one more is told at once; afterwards nothing is left of them`, async () => {
      const codes: string[] = []
      const ask = async (whose: string) => {
        await ways[way]!(whose).catch((thrown: unknown) => codes.push(toSessionHubError(thrown).code))
      }
      const all = Array.from({ length: STRANGERS }, () => ask(stranger()))
      await until(() => codes.length === STRANGERS - MOST && actsWaiting() === MOST)
      expect(new Set(codes)).to.deep.equal(new Set(['unavailable']))

      answerAll()
      await Promise.all(all)
      expect(codes.filter((code) => code === 'session_ended')).to.have.length(MOST)
      const again = ask(stranger())
      await until(() => waiting.length === 1)
      answerAll()
      await again
      expect(codes.at(-1)).to.equal('session_ended')
      expect(logged, 'the hub does not count as down').to.not.include('hub_unreachable')
    })

    it(`all of one visitor’s wait for one ${way}`, async () => {
      const whose = stranger()
      const all = Array.from({ length: STRANGERS }, () =>
        ways[way]!(whose).catch((thrown: unknown) => toSessionHubError(thrown).code),
      )
      await until(() => waiting.length === 1)
      answerAll()
      expect(new Set(await Promise.all(all))).to.deep.equal(new Set(['session_ended']))
      expect(hub.seen).to.have.length(1)
    })
  }
})
