/**
 * What browsers and backends do at each step, as docs/protocol.md asks it of them; and what a hostile backend does. A hub's answers decide
 * how it goes on.
 */
import { createHash } from 'node:crypto'

import type { ActBodies, Answer, ExchangeAsked, HubSide, Offer } from './hub-side.js'
import { type At, BROWSERS, type Plan, type Policy, type Step } from './plan.js'
import { START } from './settings.js'

interface SiteCookie {
  readonly handle: string
  readonly state: string
  readonly subject: string | null
}

interface Browser {
  /** The hub's cookies, by group. */
  readonly jar: Map<string, string>
  off: string | null
  readonly cookies: Map<number, SiteCookie>
  /** Sites where the visitor shares nothing. */
  readonly offAt: Set<number>
}

interface Ticket {
  /** For which site it is. */
  readonly site: number
  readonly grant: string
  readonly jti: string
  readonly exp: number
  readonly mode: string
  readonly subject: string | null
}

type Of<Do extends Step['do']> = Extract<Step, { do: Do }>

export class Journey {
  readonly #hub: HubSide
  readonly #policies: Policy[]
  readonly #browsers: Browser[]
  readonly #tickets: Ticket[] = []
  readonly #exchanges: ExchangeAsked[] = []
  #now = START
  #nonces = 0

  /** Every handle that anybody has seen, the newest first, and the site that it was given to; `null` for a hub's cookie. */
  readonly handles: { readonly handle: string; readonly site: number | null }[] = []

  /** The site by whose act data may move in a step. */
  actingIn(step: Step): number | undefined {
    if (step.do === 'follow a link') return step.to
    if ('site' in step) return step.site
    if (step.do === 'exchange again') return this.#exchanges[step.old]?.site
    const own = step.do === 'use' ? this.handles[step.handle]?.site : undefined
    const at = step.do === 'redeem' ? this.#tickets[step.ticket]?.site : (own ?? 0)
    return 'isForeign' in step && at !== undefined && (step.isForeign || own === null) ? this.#after(at) : at
  }

  /** What a site may write just now; `null`: everything. */
  writableAt(site: number): readonly string[] | null {
    const { read, write } = this.#policies[site]!
    return write ?? read
  }

  constructor({ sites }: Plan, hub: HubSide) {
    this.#hub = hub
    this.#policies = [...sites]
    this.#browsers = Array.from({ length: BROWSERS }, () => ({
      jar: new Map<string, string>(),
      off: null,
      cookies: new Map<number, SiteCookie>(),
      offAt: new Set<number>(),
    }))
  }

  /** @returns what the visitor sees of it */
  async take(step: Step): Promise<unknown> {
    switch (step.do) {
      case 'visit':
        return this.#visit(step)
      case 'store':
        return this.#store(step)
      case 'sign in':
        return this.#signIn(step)
      case 'register late':
        return this.#registerLate(step)
      case 'sign out':
        return this.#signOut(step)
      case 'sync':
        return this.#sync(step)
      case 'redirect':
        return this.#redirect(step)
      case 'leave with a ticket':
        return this.#leave(step)
      case 'follow a link':
        return this.#follow(step)
      case 'opt out':
        return this.#opt(step, true)
      case 'opt in':
        return this.#opt(step, false)
      case 'part':
        return this.#part(step)
      case 'end others':
        return this.#withHandle(step, (handle) => this.#act(step.site, 'end-other', { handle }))
      case 'end one other':
        return this.#endOneOther(step)
      case 'restore':
        return this.#restore(step)
      case 'revoke all':
        return this.#hub.revokeAll(step.user)
      case 'revoke one':
        return this.#hub.revokeOne(step.user, step.index)
      case 'register':
        this.#policies[step.site] = step.policy
        this.#hub.register(step.site, step.policy)
        return {}
      case 'rotate the site key':
        return this.#hub.rotateSiteKey(step.site)
      case 'clock':
        this.#now += step.seconds
        this.#hub.advance(step.seconds)
        return {}
      case 'sweep':
        return this.#hub.sweep()
      case 'restart':
        return this.#hub.restart()
      case 'crash':
        this.#hub.crash(step.when)
        return {}
      case 'use':
        return this.#use(step)
      case 'redeem':
        return this.#redeemAny(step)
      case 'offer':
        return this.#offerAny(step)
      case 'exchange again':
        return this.#exchangeAgain(step)
    }
  }

  // ——— visitors, at sites that do as they should

  /** Every page asks first what has become of its session. */
  async #visit(at: At): Promise<Answer> {
    const cookie = this.#cookie(at)
    if (!cookie) return {}
    const view = await this.#act(at.site, 'read', { handle: cookie.handle })
    if (view.error === 'session_ended') this.#browser(at).cookies.delete(at.site)
    else if (view.error === undefined) this.#keep(at, cookie.handle, view)
    return view
  }

  async #store(step: Of<'store'>): Promise<Answer> {
    await this.#visit(step)
    const handle = this.#cookie(step)?.handle ?? null
    const view = await this.#act(step.site, 'update', { handle, patch: { [step.key]: step.value } })
    return this.#accept(step, view, handle)
  }

  async #signIn(step: Of<'sign in'>): Promise<Answer> {
    await this.#visit(step)
    const handle = this.#cookie(step)?.handle ?? null
    const view = await this.#act(step.site, 'sign-in', { handle, subject: step.user, claims: step.claims })
    return this.#accept(step, view, handle)
  }

  async #registerLate(step: Of<'register late'>): Promise<Answer> {
    const late = {
      handle: this.#cookie(step)?.handle ?? null,
      subject: step.user,
      claims: {},
      auth_time: this.#now - step.ago,
      jti: textOf(`late ${step.id}`).slice(0, 22),
      exp: this.#now + 600,
    }
    return this.#accept(step, await this.#act(step.site, 'sign-in', late), late.handle)
  }

  async #signOut(step: Of<'sign out'>): Promise<Answer> {
    const cookie = this.#cookie(step)
    this.#browser(step).cookies.delete(step.site)
    const { everywhere } = step
    return cookie ? this.#act(step.site, 'end', { handle: cookie.handle, everywhere }) : {}
  }

  async #part(at: At): Promise<Answer> {
    return this.#withHandle(at, async (handle) =>
      this.#accept(at, await this.#act(at.site, 'part', { handle }), handle),
    )
  }

  async #endOneOther(step: Of<'end one other'>): Promise<Answer> {
    return this.#withHandle(step, async (handle) => {
      const { sessions = [] } = await this.#act(step.site, 'list', { handle })
      const { ref } = (sessions as { ref: string }[])[step.index] ?? {}
      return ref === undefined ? {} : this.#act(step.site, 'end-other', { handle, ref })
    })
  }

  async #sync(step: Of<'sync'>): Promise<Answer> {
    const { asked, told } = await this.#frame(step, step.hasAccess)
    let answer = told
    if (told.outcome === 'offer') {
      const offer = await this.#offer(step, asked.nonce)
      if (offer === undefined) return { outcome: 'failed' }
      const again = { ...asked, proof: String(told.proof), offer, choice: step.choice }
      answer = await this.#exchange(step, again)
    }
    return this.#redeem(step, answer, step.choice === 'hub' && answer !== told)
  }

  async #leave(at: At): Promise<Answer> {
    const { told } = await this.#frame(at, true)
    this.#note(told, at.site)
    return told
  }

  async #frame(at: At, hasAccess: boolean) {
    const state = this.#cookie(at)?.state ?? null
    const asked = { ...this.#asked(at), state, hasAccess }
    return { asked, told: await this.#hub.frame(asked) }
  }

  async #exchange(at: At, asked: ExchangeAsked): Promise<Answer> {
    this.#exchanges.unshift(asked)
    const told = await this.#hub.exchange(asked)
    this.#takeJar(at, told)
    this.#note(told, at.site)
    return told
  }

  async #redirect(at: At): Promise<Answer> {
    const asked = { ...this.#asked(at), state: this.#cookie(at)?.state ?? null, seal: null }
    let told = await this.#hub.redirect(asked)
    if (told.outcome === 'offer') {
      const offer = await this.#offer(at, String(told.hubNonce))
      if (offer === undefined) return { outcome: 'failed' }
      told = await this.#hub.redirect({ ...asked, offer, seal: String(told.seal) })
      this.#takeJar(at, told)
    }
    return this.#redeem(at, told, false)
  }

  /** `null`: no session, or none to share. `undefined`: the hub could not be asked. */
  async #offer(at: At, nonce: string): Promise<Offer | null | undefined> {
    const view = this.#browser(at).offAt.has(at.site) ? {} : await this.#visit(at)
    if (view.error !== undefined && view.error !== 'session_ended') return undefined
    const cookie = this.#browser(at).offAt.has(at.site) ? undefined : this.#cookie(at)
    return cookie ? this.#signed(at.site, cookie.handle, nonce) : null
  }

  #signed(site: number, handle: string, nonce: string): Offer {
    const { yields } = this.#policies[site]!
    const jti = textOf(`offer ${(this.#nonces += 1)}`).slice(0, 22)
    return { signer: site, isOldKey: false, handle, nonce, jti, iat: this.#now, yields }
  }

  /** The end of a sync, where it has brought a ticket. */
  async #redeem(at: At, told: Answer, isChosen: boolean): Promise<Answer> {
    const ticket = this.#note(told, at.site)
    if (!ticket) return told
    const browser = this.#browser(at)
    if (browser.offAt.has(at.site)) return { error: 'consent_required' }
    const previous = this.#cookie(at)?.handle ?? null
    const overrule = this.#policies[at.site]!.yields || isChosen
    const { grant, jti, exp } = ticket
    const body = { grant, jti, exp, previous, overrule, isLink: false }
    return this.#accept(at, await this.#act(at.site, 'redeem', body), null)
  }

  async #follow({ site: from, to, browser }: Of<'follow a link'>): Promise<Answer> {
    const there = { browser, site: to }
    const { offAt, cookies } = this.#browser(there)
    const cookie = cookies.get(from)
    if (!cookie || offAt.has(from)) return {}
    const told = await this.#act(from, 'link', { handle: cookie.handle, to })
    const ticket = this.#note(told, to)
    if (!ticket) return told
    const before = await this.#visit(there)
    if (before.error !== undefined && before.error !== 'session_ended') return before
    if (offAt.has(to)) return { error: 'consent_required' }
    const held = this.#cookie(there)
    if (held && held.subject !== null)
      return held.subject === ticket.subject ? { outcome: 'keep' } : { outcome: 'conflict' }
    const { grant, jti, exp } = ticket
    const body = { grant, jti, exp, previous: held?.handle ?? null, overrule: false, isLink: true }
    return this.#accept(there, await this.#act(to, 'redeem', body), null)
  }

  async #opt(at: At, isOut: boolean): Promise<unknown> {
    const browser = this.#browser(at)
    if (isOut) browser.offAt.add(at.site)
    else browser.offAt.delete(at.site)
    const { asked, told } = await this.#frame(at, true)
    if (told.error !== undefined) return told
    const answer = await this.#hub.forget({ ...asked, proof: String(told.proof), forget: isOut })
    this.#takeJar(at, answer)
    if (typeof answer.off === 'string' || answer.off === null) browser.off = answer.off
    return isOut ? [answer, await this.#part(at)] : [answer]
  }

  /** Handles that stood there before, in this browser or another: a backup does not ask. */
  async #restore(step: Of<'restore'>): Promise<unknown> {
    const isHub = step.what === 'hub cookie'
    const handle = this.#oldOf(isHub ? null : step.site, step.old)
    if (handle === undefined) return {}
    if (isHub) {
      this.#browser(step).jar.set(this.#policies[step.site]!.group, handle)
      return {}
    }
    const view = await this.#act(step.site, 'read', { handle })
    return this.#accept(step, view, handle)
  }

  // ——— backends that do as they like

  async #use({ handle: old, isForeign, act, user }: Of<'use'>): Promise<Answer> {
    const held = this.handles[old]
    if (!held) return {}
    const { handle } = held
    const site = isForeign || held.site === null ? this.#after(held.site ?? 0) : held.site
    const bodies: { [Act in Of<'use'>['act']]: ActBodies[Act] } = {
      read: { handle },
      update: { handle, patch: { wish: 'of a stranger' } },
      claims: { handle, patch: { name: user, plan: null } },
      'sign-in': { handle, subject: user, claims: {} },
      end: { handle, everywhere: false },
      part: { handle },
      list: { handle },
      'end-other': { handle },
      link: { handle, to: this.#after(site) },
    }
    const said = await this.#act(site, act, bodies[act])
    this.#note(said, bodies.link.to)
    return said
  }

  async #redeemAny(step: Of<'redeem'>): Promise<unknown> {
    const ticket = this.#tickets[step.ticket]
    if (!ticket) return {}
    const site = step.isForeign ? this.#after(ticket.site) : ticket.site
    const previous = step.previous === null ? null : this.#previous(site, step.previous, step.isOthers)
    const { grant, exp } = ticket
    const jti = step.isOtherJti ? textOf(`jti ${(this.#nonces += 1)}`).slice(0, 22) : ticket.jti
    const isLink = (ticket.mode === 'link') !== step.isOtherMode
    const body = { grant, jti, exp, previous, overrule: step.overrules, isLink }
    return step.twice ? this.#hub.race(site, body) : this.#act(site, 'redeem', body)
  }

  #previous(site: number, old: number, isOthers: boolean): string | null {
    return (isOthers ? this.handles[old]?.handle : this.#oldOf(site, old)) ?? null
  }

  async #offerAny(step: Of<'offer'>): Promise<Answer> {
    const handle = this.#oldOf(step.signer, step.handle)
    if (handle === undefined) return {}
    const { asked, told } = await this.#frame(step, true)
    if (told.error !== undefined) return told
    this.#note(told, step.site)
    const nonce = step.isOtherNonce ? this.#nonce() : asked.nonce
    const offer = { ...this.#signed(step.signer, handle, nonce), isOldKey: step.isOldKey }
    return this.#exchange(step, { ...asked, proof: String(told.proof), offer, choice: null })
  }

  async #exchangeAgain({ browser, old }: Of<'exchange again'>): Promise<Answer> {
    const before = this.#exchanges[old]
    if (!before) return {}
    const at = { browser, site: before.site }
    const { jar, off } = this.#asked(at)
    return this.#exchange(at, { ...before, jar, off })
  }

  // ——— what all of them keep

  async #withHandle(at: At, act: (handle: string) => Promise<Answer>): Promise<Answer> {
    const cookie = this.#cookie(at)
    return cookie ? act(cookie.handle) : {}
  }

  async #act<Name extends keyof ActBodies>(site: number, name: Name, body: ActBodies[Name]): Promise<Answer> {
    const said = await this.#hub.act(site, name, body)
    if (typeof said.handle === 'string') this.#saw(said.handle, site)
    return said
  }

  /** @param handle the one that the browser has, where the answer brings no new one */
  #accept(at: At, view: Answer, handle: string | null): Answer {
    if (view.error !== undefined) return view
    const given = typeof view.handle === 'string' ? view.handle : handle
    if (given !== null) this.#keep(at, given, view)
    return view
  }

  #keep(at: At, handle: string, { state, subject }: Answer): void {
    const cookie = { handle, state: String(state), subject: subject as string | null }
    this.#browser(at).cookies.set(at.site, cookie)
  }

  #takeJar(at: At, told: Answer): void {
    const { group } = this.#policies[at.site]!
    if (told.jar === null) this.#browser(at).jar.delete(group)
    if (typeof told.jar !== 'string') return
    this.#browser(at).jar.set(group, told.jar)
    this.#saw(told.jar, null)
  }

  /** The newest first. */
  #note({ ticket }: Answer, site: number): Ticket | undefined {
    if (typeof ticket !== 'object' || ticket === null) return undefined
    const made = { ...(ticket as Omit<Ticket, 'site'>), site }
    if (this.#tickets.some(({ jti }) => jti === made.jti)) return made
    this.#tickets.unshift(made)
    return made
  }

  #saw(handle: string, site: number | null): void {
    if (!this.handles.some((seen) => seen.handle === handle)) this.handles.unshift({ handle, site })
  }

  #asked(at: At) {
    const browser = this.#browser(at)
    const jar = browser.jar.get(this.#policies[at.site]!.group) ?? null
    return { site: at.site, nonce: this.#nonce(), jar, off: browser.off }
  }

  #nonce = (): string => textOf(`nonce ${(this.#nonces += 1)}`)
  #after = (site: number): number => (site + 1) % this.#policies.length
  /** One of those that this site has had. */
  #oldOf = (site: number | null, old: number): string | undefined =>
    this.handles.filter((seen) => seen.site === site)[old]?.handle
  #browser = ({ browser }: { browser: number }): Browser => this.#browsers[browser]!
  #cookie = (at: At): SiteCookie | undefined => this.#browser(at).cookies.get(at.site)
}

/** 256 bits in the form of the wire: the same for the same words. */
const textOf = (words: string): string => createHash('sha256').update(words).digest('base64url')
