/** The real hub, asked as sites and frames ask it: every request and every token is made here by the words of docs/protocol.md. */
import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'

import {
  type GeneratedSiteKeys,
  type Hub,
  type SigningKey,
  memoryStore,
  type SiteRegistration,
  type Store,
} from 'session-hub/hub'

import { base64url, open, readJws } from '../support/forge.js'
import {
  type ActBodies,
  type Answer,
  type ExchangeAsked,
  type ForgetAsked,
  type FrameAsked,
  type HubSide,
  inOneOrder,
  type Offer,
  type RedirectAsked,
  type Truth,
} from './hub-side.js'
import { type PooledHub, pooledHub, siteKeys } from './hub-pool.js'
import { ask, type Replied } from './in-process.js'
import { type Data, type Plan, type Policy, SITES } from './plan.js'
import { HUB, LINK_PATHS, originOf, START, TICKET_SECONDS } from './settings.js'

interface WireSite {
  readonly origin: string
  keys: GeneratedSiteKeys
  oldKeys: GeneratedSiteKeys
  policy: Policy
  bearer: { readonly text: string; readonly at: number } | undefined
}

type Json = Readonly<Record<string, unknown>>

/** @param reopen gives the store, and after a restart the same data again; absent: the memory of one process */
export async function wireHub(plan: Plan, reopen?: () => Store): Promise<WireHub> {
  const mayRegister = plan.steps.some(({ do: act }) => act === 'register' || act === 'rotate the site key')
  const pooled = await pooledHub(plan.rules, mayRegister)
  const sites = await Promise.all(
    plan.sites.map(async (policy, site) => {
      const { keys } = await siteKeys(site)
      return {
        origin: originOf(site),
        keys,
        oldKeys: (await siteKeys(SITES)).keys,
        policy,
        bearer: undefined,
      }
    }),
  )
  pooled.store.use(reopen ? reopen() : memoryStore())
  return new WireHub(plan, pooled, sites, reopen)
}

class WireHub implements HubSide {
  readonly #pooled: PooledHub
  readonly #sites: WireSite[]
  readonly #reopen: (() => Store) | undefined
  /** What each ticket says of where and how it may be used, by its grant. */
  readonly #terms = new Map<string, Json>()
  #requests = 0

  constructor({ rules }: Plan, pooled: PooledHub, sites: WireSite[], reopen: (() => Store) | undefined) {
    this.#pooled = pooled
    this.#sites = sites
    this.#reopen = reopen
    const { setting } = pooled
    setting.rules = rules
    setting.nowMs = START * 1000
    setting.registrations.clear()
    for (const [index] of sites.entries()) this.#write(index)
  }

  // ——— the back-channel

  async act<Name extends keyof ActBodies>(site: number, name: Name, body: ActBodies[Name]): Promise<Answer> {
    const to = 'to' in body ? { to: originOf(body.to) } : {}
    const reply = await this.#ask({
      method: 'POST',
      url: `/backchannel/${name}`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#bearer(site)}` },
      body: { ...('isLink' in body ? this.#redemption(body) : body), ...to },
    })
    const said = JSON.parse(reply.body) as Json
    if (typeof said.error === 'string')
      return { error: said.error, ...(said.superseded === true && { superseded: true }) }
    if (name === 'link' && typeof said.ticket === 'string' && 'to' in body)
      return { ticket: this.#opened(body.to, said.ticket) }
    if (name === 'list') return { sessions: (said.sessions as Json[]).map((one) => this.#listed(one)) }
    const { remember: _remember, session_tag: _session, subject_tag: _tag, from: _from, ...view } = said
    return view
  }

  async race(site: number, body: ActBodies['redeem']): Promise<Answer> {
    return inOneOrder(await Promise.all([this.act(site, 'redeem', body), this.act(site, 'redeem', body)]))
  }

  #redemption({ isLink, ...body }: ActBodies['redeem']): object {
    const terms = this.#terms.get(body.grant)
    if (isLink === (terms?.mode === 'link')) return { ...body, ...terms }
    const nonce = isLink ? undefined : body.grant.slice(0, 43)
    return { ...body, ...terms, mode: isLink ? 'link' : 'frame', nonce }
  }

  #listed({ ref, site, current }: Json): Answer {
    return { ref, site: this.#sites.findIndex(({ origin }) => origin === site), current }
  }

  #bearer(index: number): string {
    const site = this.#sites[index]!
    const at = this.#now()
    if (!site.bearer || Math.abs(at - site.bearer.at) > 4) {
      const claims = { iss: site.origin, aud: HUB, iat: at, exp: at + 60 }
      site.bearer = { text: signed('site+jwt', claims, site.keys), at }
    }
    return site.bearer.text
  }

  // ——— what browsers ask

  async frame({ site, nonce, jar, off, state, hasAccess }: FrameAsked): Promise<Answer> {
    const { origin } = this.#sites[site]!
    const query = new URLSearchParams({ site: origin, nonce, ...(state !== null && { state }) })
    const reply = await this.#ask({
      method: 'GET',
      url: `/frame?${query}`,
      headers: {
        referer: `${origin}/`,
        'sec-fetch-dest': 'iframe',
        'sec-fetch-site': 'cross-site',
        'sec-fetch-storage-access': hasAccess ? 'active' : 'none',
        cookie: this.#cookies(site, jar, off),
      },
    })
    if (reply.status !== 200) return { error: /<title>(\w+)/.exec(reply.body)?.[1] }
    const data = JSON.parse(/id=data>(.*?)<\/script>/s.exec(reply.body)![1]!) as {
      proof: string
      message: Json
    }
    return { ...this.#outcome(site, data.message), proof: data.proof }
  }

  async exchange({ site, nonce, proof, offer, choice, jar, off }: ExchangeAsked): Promise<Answer> {
    const body = {
      site: originOf(site),
      nonce,
      proof,
      offer: offer && this.#offer(offer),
      ...(choice !== null && { choice }),
    }
    const reply = await this.#askFromFrame('/exchange', body, site, jar, off)
    return this.#toldInJson(site, reply)
  }

  async forget({ site, nonce, proof, forget, jar, off: before }: ForgetAsked): Promise<Answer> {
    const reply = await this.#askFromFrame(
      '/forget',
      { site: originOf(site), nonce, proof, forget },
      site,
      jar,
      before,
    )
    const off = cookieOf(reply, '__Host-session-hub-off')
    return { ...this.#toldInJson(site, reply), ...(off !== undefined && { off: off === '' ? null : off }) }
  }

  async redirect({ site, nonce, state, offer, seal, jar, off }: RedirectAsked): Promise<Answer> {
    const query = new URLSearchParams({
      site: originOf(site),
      nonce,
      ...(state !== null && { state }),
      ...(offer !== undefined && { offer: offer ? this.#offer(offer) : '' }),
      return: '',
    })
    const reply = await this.#ask({
      method: 'GET',
      url: `/redirect?${query}`,
      headers: {
        'sec-fetch-dest': 'document',
        'sec-fetch-mode': 'navigate',
        cookie: this.#cookies(site, jar, off) + (seal === null ? '' : `; __Host-session-hub-start=${seal}`),
      },
    })
    const location = reply.headers.get('location')?.[0]
    if (location === undefined) return { error: (JSON.parse(reply.body) as Json).error }
    const { origin, pathname, searchParams } = new URL(location)
    if (origin !== originOf(site) || pathname !== '/session-hub/callback')
      return { error: `led to ${location}` }
    const { return: _back, hub_nonce: hubNonce, ...told } = Object.fromEntries(searchParams)
    const start = cookieOf(reply, '__Host-session-hub-start')
    return {
      ...this.#outcome(site, told),
      ...(hubNonce !== undefined && { hubNonce, seal: start }),
      ...this.#jar(site, reply),
    }
  }

  #askFromFrame(
    url: string,
    body: object,
    site: number,
    jar: string | null,
    off: string | null,
  ): Promise<Replied> {
    return this.#ask({
      method: 'POST',
      url,
      headers: {
        'content-type': 'application/json',
        'x-session-hub': '1',
        origin: HUB,
        'sec-fetch-site': 'same-origin',
        'sec-fetch-storage-access': 'active',
        cookie: this.#cookies(site, jar, off),
      },
      body,
    })
  }

  #toldInJson(site: number, reply: Replied): Answer {
    const said = JSON.parse(reply.body) as Json
    if (typeof said.error === 'string') return { error: said.error }
    return { ...this.#outcome(site, said), ...this.#jar(site, reply) }
  }

  #outcome(site: number, told: Json): Answer {
    const { outcome, reason, subject, claims, ticket } = told
    return {
      outcome,
      ...(reason !== undefined && { reason }),
      ...(subject !== undefined && { subject, claims }),
      ...(typeof ticket === 'string' && { ticket: this.#opened(site, ticket) }),
    }
  }

  #cookies(site: number, jar: string | null, off: string | null): string {
    return [
      ...(jar === null ? [] : [`${this.#jarName(site)}=${jar}`]),
      ...(off === null ? [] : [`__Host-session-hub-off=${off}`]),
    ].join('; ')
  }

  #jarName(site: number): string {
    const { group } = this.#sites[site]!.policy
    return group === '' ? '__Host-session-hub' : `__Host-session-hub.${group}`
  }

  /** The hub's cookie, if this answer sets it. */
  #jar(site: number, reply: Replied): Answer {
    const value = cookieOf(reply, this.#jarName(site))
    return value === undefined ? {} : { jar: value === '' ? null : value }
  }

  // ——— tokens

  #opened(site: number, ticket: string): Answer {
    const { claims } = readJws(open(ticket, this.#sites[site]!.keys.ticket))
    const { grant, jti, exp, sub, origin, mode, nonce, chosen, aud } = claims
    if (aud !== originOf(site)) return { error: `a ticket for ${String(aud)}` }
    this.#terms.set(String(grant), { mode, origin, sub, nonce, chosen })
    return { grant, jti, exp, mode, origin, subject: sub ?? null }
  }

  #offer({ signer, isOldKey, handle, nonce, jti, iat, yields }: Offer): string {
    const { origin, keys, oldKeys } = this.#sites[signer]!
    const sid = createHash('sha256').update(handle).digest('base64url')
    const claims = {
      iss: origin,
      aud: HUB,
      sid,
      jti,
      iat,
      exp: iat + TICKET_SECONDS,
      nonce,
      ...(yields && { yields }),
    }
    return signed('offer+jwt', claims, isOldKey ? oldKeys : keys)
  }

  // ——— the owner and the world

  async revokeAll(subject: string): Promise<Answer> {
    return caught(async () => ({ count: await this.#hub().sessions.endAll(subject) }))
  }

  async revokeOne(subject: string, index: number): Promise<Answer> {
    return caught(async () => {
      const found = (await this.#hub().sessions.list(subject))[index]
      return { wasLive: found !== undefined && (await this.#hub().sessions.end(found.id)) }
    })
  }

  register(site: number, policy: Policy): void {
    this.#sites[site]!.policy = policy
    this.#write(site)
  }

  async rotateSiteKey(site: number): Promise<void> {
    const at = this.#sites[site]!
    // The ticket key stays: a hub may change it at any time, and a site takes both.
    const { keys } = await siteKeys(SITES + 1 + this.#requests)
    at.oldKeys = at.keys
    at.keys = { ...keys, ticket: at.keys.ticket }
    at.bearer = undefined
    this.#write(site)
  }

  advance(seconds: number): void {
    this.#pooled.setting.nowMs += seconds * 1000
  }

  async sweep(): Promise<void> {
    const { nowMs } = this.#pooled.setting
    const times = { nowMs, endedBeforeMs: 0, endingsBeforeMs: 0, auditBeforeMs: 0 }
    await this.#pooled.store.inner.sweep(times, 1000)
  }

  /** The one before is left as it is, as by a process that was killed. */
  async restart(): Promise<void> {
    if (this.#reopen) this.#pooled.store.use(this.#reopen())
  }

  crash(when: 'before' | 'after'): void {
    this.#pooled.store.crash(when)
  }

  async truth(handle: string): Promise<Truth | null> {
    const held = await this.#pooled.store.inner.find(createHash('sha256').update(handle).digest('base64url'))
    if (!held || held.session.endedAtMs !== null || held.session.expiresAtMs <= this.#pooled.setting.nowMs)
      return null
    const { id, subject, claims, data } = held.session
    return { id, subject, claims: claims as Data, data: data as Data }
  }

  #write(index: number): void {
    const { origin, keys, policy } = this.#sites[index]!
    const { claims, read, write } = policy
    const { kty, crv, kid, x, y } = keys.signing
    const registration: SiteRegistration = {
      origin,
      signingKeys: [{ kty, crv, kid, x, y }],
      ticketKeys: [keys.ticket],
      enabled: policy.isEnabled,
      mayOffer: policy.mayOffer,
      pairwise: policy.isPairwise,
      ...(policy.group !== '' && { group: policy.group }),
      share: { ...(claims && { claims }), ...(read && { read }), ...(write && { write }) },
      sisters: LINK_PATHS.filter((site) => site !== index).map(originOf),
    }
    this.#pooled.setting.registrations.set(origin, registration)
  }

  #ask(asked: Parameters<typeof ask>[1]): Promise<Replied> {
    const listener = this.#hub().listener(() => {
      throw new Error(`The hub does not answer ${asked.url}`)
    })
    return ask(listener, { ...asked, headers: { host: 'hub.example', ...asked.headers } })
  }

  /** One process, then the other. */
  #hub(): Hub {
    const { processes } = this.#pooled
    return processes[(this.#requests += 1) % processes.length]!
  }

  #now = (): number => this.#pooled.setting.nowMs / 1000
}

/** Keys as Node wants them: reading one costs more than using it. */
const imported = new WeakMap<SigningKey, KeyObject>()

function signed(typ: string, payload: object, { signing }: GeneratedSiteKeys): string {
  const { kty, crv, x, y, d, kid } = signing
  let key = imported.get(signing)
  if (!key) imported.set(signing, (key = createPrivateKey({ key: { kty, crv, x, y, d }, format: 'jwk' })))
  const text = `${base64url({ alg: 'ES256', typ, kid })}.${base64url(payload)}`
  return `${text}.${base64url(sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`
}

function cookieOf({ headers }: Replied, name: string): string | undefined {
  const set = headers.get('set-cookie')?.find((cookie) => cookie.startsWith(`${name}=`))
  return set?.slice(name.length + 1, set.indexOf(';'))
}

async function caught(act: () => Promise<Answer>): Promise<Answer> {
  try {
    return await act()
  } catch (error) {
    return { error: (error as { code: string }).code }
  }
}
