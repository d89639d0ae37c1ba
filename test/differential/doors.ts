/** The doors of the product where a token of each kind comes in: whether it is taken there, and nothing else. */
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

import express from 'express'
import { createHub, generateHubKeys, generateSite, memoryStore } from 'session-hub/hub'
import { createSite } from 'session-hub/site'
import { verifySession } from 'session-hub/verify'

import { ask } from '../model/in-process.js'
import { binding } from '../support/visitor.js'
import type { Kind, Makers } from './mutate.js'

export interface Doors {
  readonly makers: Makers
  readonly origins: { readonly hub: string; readonly site: string }
  readonly bound: ReturnType<typeof binding>
  /** `null`: taken. Otherwise the error's code. */
  readonly show: (kind: Kind, token: string) => Promise<string | null>
  close(): Promise<void>
}

export async function openDoors(now: number): Promise<Doors> {
  const SITE = 'https://shop.example'
  const bound = binding()
  const nowMs = () => now * 1000
  const made = await generateSite(SITE)
  const keys = generateHubKeys()

  // What the site hears from its hub of a ticket that it has taken: that it was spent before.
  const pretender = createServer((_req, res) => {
    res.writeHead(401, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ error: 'ticket_spent', error_description: 'Taken' }))
  }).listen(0, '127.0.0.1')
  await once(pretender, 'listening')
  const HUB = `http://127.0.0.1:${(pretender.address() as AddressInfo).port}`

  const site = await createSite({ origin: SITE, hub: HUB, keys: made.keys, now: nowMs })
  // Each request of another address: none is one too many.
  let addresses = 0
  const app = express().set('trust proxy', true).use(site.router)
  const hub = await createHub({
    origin: HUB,
    keys,
    sites: [made.registration],
    store: memoryStore(),
    limits: { perAddress: 1e9, perSession: 1e9, perSite: 1e9 },
    now: nowMs,
  })
  const listener = hub.listener(() => undefined)
  const query = new URLSearchParams({ site: SITE, nonce: bound.nonce })
  const frame = await ask(listener, {
    method: 'GET',
    url: `/frame?${query}`,
    headers: { referer: `${SITE}/`, 'sec-fetch-dest': 'iframe', 'sec-fetch-storage-access': 'active' },
  })
  const { proof } = JSON.parse(/id=data>(.*?)<\/script>/s.exec(frame.body)![1]!) as { proof: string }
  const verifying = { key: made.keys.session, issuer: SITE, now: nowMs }

  const doors: Record<Kind, (token: string) => Promise<string | null>> = {
    async ticket(ticket) {
      const reply = await ask(app, {
        method: 'POST',
        url: '/session-hub/redeem',
        headers: {
          ...{ host: 'shop.example', origin: SITE, 'content-type': 'application/json' },
          'x-forwarded-for': `10.${(addresses += 1) >> 16}.${(addresses >> 8) & 255}.${addresses & 255}`,
        },
        body: { ticket, verifier: bound.verifier },
      })
      return codeUnless(reply.body, 'ticket_spent')
    },
    async offer(offer) {
      const reply = await ask(listener, {
        method: 'POST',
        url: '/exchange',
        headers: {
          ...{ origin: HUB, 'sec-fetch-site': 'same-origin', 'sec-fetch-storage-access': 'active' },
          ...{ 'x-session-hub': '1', 'content-type': 'application/json' },
        },
        body: { site: SITE, nonce: bound.nonce, proof, offer },
      })
      return codeUnless(reply.body, 'offer_spent')
    },
    session: (token) =>
      verifySession(token, verifying).then(
        () => null,
        (error: unknown) => (error as { code: string }).code,
      ),
  }
  return {
    makers: { site: made.keys, stranger: (await generateSite(SITE)).keys, now },
    origins: { hub: HUB, site: SITE },
    bound,
    show: (kind, token) => doors[kind](token),
    async close() {
      site.close()
      pretender.closeAllConnections()
      pretender.close()
      await hub.close()
    },
  }
}

function codeUnless(body: string, taken: string): string | null {
  const { error } = JSON.parse(body) as { error?: string }
  return error === undefined || error === taken ? null : error
}
