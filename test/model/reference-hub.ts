/**
 * The hub as docs/protocol.md describes it: no cryptography, no HTTP, no store, and nothing of the product's code. Time is in seconds,
 * and an unreadable text is one that names what it stands for.
 */
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
import { type Column, type Kind, outcomeOf } from './decision-table.js'
import type { Data, Patch, Plan, Policy, Rules } from './plan.js'
import { mergedData } from './reference-merge.js'
import { ANONYMOUS, LINK_PATHS, originOf, SIGNED_IN, TICKET_SECONDS } from './settings.js'

interface Session {
  readonly id: string
  readonly subject: string | null
  claims: Data
  data: Data
  version: number
  generation: number
  readonly site: number
  authTime: number | null
  seen: number
  expires: number
  readonly until: number
  hasEnded: boolean
}

interface Handle {
  readonly name: string
  readonly session: Session
  /** The number of a site, or the group of a hub cookie. */
  readonly holder: number | string
}

/** What the hub has promised in a ticket. */
interface Grant {
  readonly session: Session
  readonly site: number
  readonly jti: string
  readonly mode: string
  readonly redeemBy: number
}

interface Spent {
  readonly at: number
  readonly until: number
  /** The handle that it gave to somebody who showed a verifier. */
  readonly gave: string | null
}

/** The wire's own word for what went wrong. */
class Refusal extends Error {}

const refuse = (code: string): never => {
  throw new Refusal(code)
}

const CLOCKS_APART = 5

export class ReferenceHub implements HubSide {
  readonly #rules: Rules
  readonly #sites: Policy[]
  readonly #sessions: Session[] = []
  readonly #handles = new Map<string, Handle>()
  readonly #grants = new Map<string, Grant>()
  readonly #spent = new Map<string, Spent>()
  /** What is remembered for a minute of a handle that a site gave up, by site and handle. */
  readonly #traces = new Map<string, { until: number; session: Session; isSignIn: boolean }>()
  readonly #counters = new Map<string, { generation: number; until: number }>()
  readonly #proofs = new Map<string, { site: number; nonce: string; hasAccess: boolean; until: number }>()
  readonly #seals = new Map<string, { site: number; nonce: string; hubNonce: string; until: number }>()
  #crash: 'before' | 'after' | null = null
  #names = 0

  constructor(
    { rules, sites }: Plan,
    private now: number,
  ) {
    this.#rules = rules
    this.#sites = [...sites]
  }

  // ——— the back-channel

  async act<Name extends keyof ActBodies>(site: number, name: Name, body: ActBodies[Name]): Promise<Answer> {
    const acts: { [Act in keyof ActBodies]: (body: ActBodies[Act]) => Answer } = {
      read: (asked) => this.#read(site, asked),
      update: (asked) => this.#update(site, asked),
      claims: (asked) => this.#claims(site, asked),
      'sign-in': (asked) => this.#signIn(site, asked),
      end: (asked) => this.#end(site, asked),
      part: (asked) => this.#part(site, asked),
      list: (asked) => this.#list(site, asked),
      'end-other': (asked) => this.#endOther(site, asked),
      link: (asked) => this.#link(site, asked),
      redeem: (asked) => this.#redeem(site, asked),
    }
    const said = answer(() =>
      this.#policy(site).isEnabled ? acts[name](body) : refuse('site_token_invalid'),
    )
    const isByHandle = name === 'read' || name === 'update' || name === 'claims' || name === 'part'
    const isSuperseded =
      isByHandle && 'handle' in body && said.error === 'session_ended' && this.#trace(site, body.handle)
    return isSuperseded ? { ...said, superseded: true } : said
  }

  async race(site: number, body: ActBodies['redeem']): Promise<Answer> {
    return inOneOrder([await this.act(site, 'redeem', body), await this.act(site, 'redeem', body)])
  }

  #read(site: number, { handle }: ActBodies['read']): Answer {
    const session = this.#liveOrEnded(handle, site)
    if (this.now - session.seen >= Math.min(3600, lifeOf(session.subject).idle / 4))
      this.#transaction(() => this.#use(session))
    return this.#view(session, site)
  }

  #update(site: number, { handle, patch, version }: ActBodies['update']): Answer {
    this.#requireAllowed(patch, this.#policy(site).write ?? this.#policy(site).read)
    if (handle === null)
      return this.#transaction(() => {
        const session = this.#begin({ subject: null, claims: {}, data: patched({}, patch), site })
        return { ...this.#view(session, site), handle: this.#newHandle(session, site) }
      })
    return this.#transaction(() => {
      const session = this.#liveOrEnded(handle, site)
      if (version !== undefined && version !== session.version) refuse('version_conflict')
      session.data = patched(session.data, patch)
      session.version += 1
      this.#use(session)
      return this.#view(session, site)
    })
  }

  #claims(site: number, { handle, patch }: ActBodies['claims']): Answer {
    const { claims, mayOffer, group } = this.#policy(site)
    this.#requireAllowed(patch, claims)
    const own = this.#userOf(handle, site)
    const isReached = ({ site: began }: Session) =>
      mayOffer ? this.#policy(began).isEnabled && this.#policy(began).group === group : began === site
    return this.#transaction(() => {
      if (!mayOffer && own.site !== site) refuse('data_denied')
      for (const session of this.#liveOf(own.subject))
        if (session === own || isReached(session)) session.claims = patched(session.claims, patch)
      this.#use(own)
      return this.#view(own, site)
    })
  }

  #signIn(site: number, asked: ActBodies['sign-in']): Answer {
    const { handle, claims, auth_time: authTime = Infinity, jti, exp = 0 } = asked
    this.#requireAllowed(claims, this.#policy(site).claims)
    if (asked.subject.startsWith('pairwise:')) refuse('request_invalid')
    const subject = this.#policy(site).isPairwise ? `${asked.subject}@${originOf(site)}` : asked.subject
    const began = Math.min(this.now, authTime)
    if (endOf(began, this.now, subject) <= this.now) refuse('session_ended')
    const first = jti === undefined ? undefined : this.#spent.get(`${originOf(site)} ${jti}`)
    if (first) return this.#signedInBefore(site, first)

    return this.#transaction(() => {
      const { session: first, isSignIn } = this.#trace(site, handle) ?? {}
      if (isSignIn && first?.subject === subject && this.#isLive(first)) {
        Object.assign(first, { claims, authTime: began })
        return { ...this.#view(first, site), handle: this.#newHandle(first, site) }
      }
      const before = handle === null ? undefined : this.#live(handle, site)
      const others = this.#liveOf(subject).filter((session) => session !== before)
      const surplus =
        this.#rules.isSingle || this.#rules.most === null ? 0 : others.length - this.#rules.most + 1
      if (surplus > 0 && this.#rules.evict === 'refuse') refuse('session_limit')

      // One user's data never becomes another's.
      const isTheirs = before && (before.subject === null || before.subject === subject)
      const session = this.#begin({ subject, claims, data: {}, site, began })
      if (isTheirs) this.#merge(site, before, session)
      else if (before) before.hasEnded = true
      // Where the rest of it lives on, this site has no hold on it any more.
      if (handle !== null && before && !before.hasEnded) this.#handles.delete(handle)
      if (this.#rules.isSingle) this.#endAll(subject, session)
      for (const other of others.slice(0, Math.max(0, surplus))) other.hasEnded = true
      this.#giveUp(site, handle, session, true)
      const fresh = this.#newHandle(session, site)
      if (jti !== undefined)
        this.#spent.set(`${originOf(site)} ${jti}`, { at: this.now, until: exp, gave: fresh })
      return { ...this.#view(session, site), handle: fresh }
    })
  }

  /** The first answer may have been lost on its way. */
  #signedInBefore(site: number, { at, gave }: Spent): Answer {
    // The first transaction finds that it was spent, the second makes a handle.
    this.#transaction(() => undefined)
    return this.#transaction(() => {
      const session = this.#live(gave ?? '', site)
      if (!session || this.now - at > 60) return refuse('session_ended')
      return { ...this.#view(session, site), handle: this.#newHandle(session, site) }
    })
  }

  #end(site: number, { handle, everywhere }: ActBodies['end']): Answer {
    return this.#transaction(() => {
      const since = this.#trace(site, handle)
      // A sign-out that was sent beside a sign-in, and comes second.
      const session = this.#live(handle, site) ?? (since?.isSignIn ? since.session : undefined)
      if (!session || !this.#isLive(session)) return {}
      session.hasEnded = true
      this.#giveUp(site, handle, session)
      if (session.subject !== null && (everywhere || this.#rules.endAll)) this.#endAll(session.subject)
      return {}
    })
  }

  #part(site: number, { handle }: ActBodies['part']): Answer {
    return this.#transaction(() => {
      const shared = this.#liveOrEnded(handle, site)
      if (shared.subject !== null) return this.#view(shared, site)
      const data = only(shared.data, this.#movable(site, shared))
      const own = { ...shared, id: this.#name('session'), site, data }
      this.#sessions.push(own)
      this.#handles.delete(handle)
      this.#giveUp(site, handle, own)
      return { ...this.#view(own, site), handle: this.#newHandle(own, site) }
    })
  }

  #list(site: number, { handle }: ActBodies['list']): Answer {
    const own = this.#userOf(handle, site)
    return {
      sessions: this.#shownTo(site, own).map((session) => ({
        ref: this.#state(session, site),
        site: session.site,
        current: session === own,
      })),
    }
  }

  #endOther(site: number, { handle, ref }: ActBodies['end-other']): Answer {
    const own = this.#userOf(handle, site)
    if (ref !== undefined) {
      const other = this.#shownTo(site, own).find((session) => this.#state(session, site) === ref)
      return { ended: other && this.#transaction(() => this.#endOne(other)) ? 1 : 0 }
    }
    return this.#transaction(() => {
      const others = this.#liveOf(own.subject).filter((session) => session !== own)
      this.#endAll(own.subject, own)
      // The one that stays gets a generation of its own.
      own.generation = this.#nextGeneration(own.subject, own.until)
      return { ended: others.length }
    })
  }

  #link(site: number, { handle, to }: ActBodies['link']): Answer {
    if (!this.#policy(site).mayOffer) refuse('offer_denied')
    const isSister = LINK_PATHS.includes(to) && to !== site && this.#policy(to).isEnabled
    if (!isSister || this.#policy(to).group !== this.#policy(site).group) refuse('sister_unknown')
    const session = this.#live(handle, site)
    if (!session || isEmpty(session) || !this.#mayBring(site, session)) return { ticket: null }
    return { ticket: this.#ticket(session, to, 'link', site) }
  }

  #redeem(site: number, { grant, jti, previous, overrule, isLink }: ActBodies['redeem']): Answer {
    const granted = this.#grants.get(grant)
    const isOnTheseTerms =
      granted?.site === site && granted.jti === jti && isLink === (granted.mode === 'link')
    if (!isOnTheseTerms || granted.redeemBy <= this.now) return { error: 'ticket_invalid' }
    const settled = this.#transaction((): Answer => {
      const { session } = granted
      const spent = this.#spent.get(`hub ${jti}`)
      if (spent) {
        // Who redeems again with the right verifier has the page's secrets.
        const held = this.#handles.get(spent.gave ?? '')
        if (held && this.now - spent.at > 2) held.session.hasEnded = true
        return { error: 'ticket_spent' }
      }
      const handle = this.#name('handle')
      this.#spent.set(`hub ${jti}`, { at: this.now, until: granted.redeemBy, gave: isLink ? null : handle })
      if (!this.#isLive(session)) return { error: 'session_ended' }

      const before = previous === null ? undefined : this.#live(previous, site)
      // A request that left before a sign-in shows the handle of before it.
      const after = this.#trace(site, previous)?.session
      const present = before ?? (after && this.#isLive(after) ? after : undefined)
      if (present && present !== session && this.#wouldSwitch(present, session, overrule))
        return { error: 'session_conflict' }
      const isEmptyBefore = !before || isEmpty(before)
      this.#handles.set(handle, { name: handle, session, holder: site })
      if (previous !== null && this.#handles.get(previous)?.holder === site) {
        this.#handles.delete(previous)
        this.#giveUp(site, previous, session)
      }
      let reason = 'empty'
      if (before && before !== session) {
        if (before.subject !== null) reason = before.subject === session.subject ? 'same-user' : 'overruled'
        else if (this.#merge(site, before, session)) reason = 'merged'
      }
      return { ...this.#view(session, site), handle, was_empty: isEmptyBefore, reason }
    })
    return settled
  }

  #wouldSwitch(before: Session, next: Session, overrule: boolean): boolean {
    if (before.subject === null || before.subject === next.subject || overrule) return false
    return next.subject === null || this.#rules.conflict !== 'hub'
  }

  // ——— what browsers ask

  async frame(asked: FrameAsked): Promise<Answer> {
    return answer(() => {
      if (!this.#policy(asked.site).isEnabled) refuse('site_unknown')
      const { site, nonce, hasAccess } = asked
      const proof = this.#name('proof')
      this.#proofs.set(proof, { site, nonce, hasAccess, until: this.now + 120 })
      return { ...this.#glance(asked, hasAccess, 'frame'), proof }
    })
  }

  #glance({ site, jar, state, off }: FrameAsked | RedirectAsked, hasAccess: boolean, mode: string): Answer {
    if (!hasAccess) return { outcome: 'blocked' }
    if (this.#isOff(off, site)) return { outcome: 'none', reason: 'opted_out' }
    const session = jar === null ? undefined : this.#live(jar, this.#policy(site).group)
    if (session && state === this.#state(session, site)) return { outcome: 'keep' }
    if (state !== null && this.#policy(site).mayOffer) return { outcome: 'offer' }
    if (!session) return { outcome: 'none' }
    return { outcome: 'replace', ticket: this.#ticket(session, site, mode, site) }
  }

  async exchange(asked: ExchangeAsked): Promise<Answer> {
    return answer(() => {
      const { site, nonce, proof, off } = asked
      const proven = this.#proofs.get(proof)
      const isGood = proven?.site === site && proven.nonce === nonce && proven.until > this.now
      if (!isGood) return refuse('request_invalid')
      if (!this.#policy(site).isEnabled) refuse('site_unknown')
      if (!proven.hasAccess) return { outcome: 'blocked' }
      if (this.#isOff(off, site)) return { outcome: 'none', reason: 'opted_out' }
      return this.#decide(asked, nonce, 'frame')
    })
  }

  async redirect(asked: RedirectAsked): Promise<Answer> {
    return answer(() => {
      const { site, nonce, offer, seal, off } = asked
      if (!this.#policy(site).isEnabled) refuse('site_unknown')
      try {
        if (offer === undefined) {
          const glance = this.#glance(asked, true, 'redirect')
          if (glance.outcome !== 'offer') return glance
          const made = { site, nonce, hubNonce: this.#name('hubNonce'), until: this.now + 120 }
          const name = this.#name('seal')
          this.#seals.set(name, made)
          return { ...glance, hubNonce: made.hubNonce, seal: name }
        }
        const sealed = seal === null ? undefined : this.#seals.get(seal)
        if (sealed?.site !== site || sealed.nonce !== nonce || sealed.until <= this.now)
          return refuse('start_invalid')
        if (this.#isOff(off, site)) return { outcome: 'none', reason: 'opted_out' }
        return this.#decide({ ...asked, offer, choice: null }, sealed.hubNonce, 'redirect')
      } catch (error) {
        if (error instanceof Refusal) return { outcome: 'failed', reason: error.message }
        throw error
      }
    })
  }

  async forget({ site, nonce, proof, forget, jar, off }: ForgetAsked): Promise<Answer> {
    return answer(() => {
      const proven = this.#proofs.get(proof)
      if (proven?.site !== site || proven.nonce !== nonce || proven.until <= this.now)
        refuse('request_invalid')
      if (!this.#policy(site).isEnabled) refuse('site_unknown')
      if (!proven!.hasAccess) return { outcome: 'blocked' }
      if (!forget) return { outcome: 'none', off: this.#afterWord(off, site, 'on') }
      if (jar !== null) this.#transaction(() => this.#handles.delete(jar))
      return { outcome: 'none', reason: 'opted_out', off: this.#afterWord(off, site, 'off'), jar: null }
    })
  }

  #isOff(off: string | null, site: number): boolean {
    const words = wordsIn(off)
    return (words.get(this.#policy(site).group) ?? (words.size > 0 ? 'off' : 'on')) === 'off'
  }

  /** Off holds for every group that has not said otherwise since; on holds for the group that says it. */
  #afterWord(off: string | null, site: number, word: 'on' | 'off'): string | null {
    const words = wordsIn(off)
    if (word === 'off') for (const [group, said] of words) if (said === 'on') words.delete(group)
    words.set(this.#policy(site).group, word)
    return [...words.values()].includes('off') ? JSON.stringify([...words].sort()) : null
  }

  #decide(
    asked: Pick<ExchangeAsked, 'site' | 'jar' | 'offer' | 'choice'>,
    nonce: string,
    mode: string,
  ): Answer {
    const { site, jar, offer, choice } = asked
    if (offer) this.#checkOffer(site, offer, nonce)
    return this.#transaction(() => {
      const spend = offer && `${originOf(site)} ${offer.jti}`
      if (spend && this.#spent.has(spend)) refuse('offer_spent')
      const theirs = offer ? this.#live(offer.handle, site) : undefined
      const group = this.#policy(site).group
      const ours = jar === null ? undefined : this.#live(jar, group)
      const outcome =
        theirs && theirs === ours
          ? 'keep'
          : outcomeOf(kindOf(theirs), nameOf(ours, theirs), this.#column(offer, choice))
      if (offer && spend) {
        const until = offer.iat + TICKET_SECONDS + CLOCKS_APART
        this.#spent.set(spend, { at: this.now, until, gave: null })
      }
      if (outcome === 'replace') return { outcome, ticket: this.#ticket(ours!, site, mode, site) }
      if (outcome === 'conflict') {
        const { subject, claims } = ours!
        const who = {
          subject: this.#subjectAt(subject!, site),
          claims: only(claims, this.#policy(site).claims),
        }
        // An address says nothing of anybody.
        return mode === 'frame' ? { outcome, ...who } : { outcome }
      }
      if (outcome !== 'adopt' && outcome !== 'adopt, merge') return { outcome }
      if (!this.#mayBring(site, theirs!)) return { outcome: 'none' }
      if (outcome === 'adopt, merge') this.#merge(site, ours!, theirs!)
      if (jar !== null) this.#handles.delete(jar)
      return { outcome: 'adopt', jar: this.#newHandle(theirs!, group) }
    })
  }

  /** Signed by this site, for this frame or redirect, not too old, and from a site that may. */
  #checkOffer(site: number, offer: Offer, nonce: string): void {
    if (!this.#policy(site).mayOffer) refuse('offer_denied')
    if (offer.signer !== site || offer.isOldKey || offer.nonce !== nonce) refuse('offer_invalid')
    if (offer.iat > this.now + CLOCKS_APART) refuse('offer_invalid')
    if (offer.iat + TICKET_SECONDS + CLOCKS_APART <= this.now) refuse('offer_expired')
  }

  #column(offer: Offer | null, choice: ExchangeAsked['choice']): Column {
    if (offer?.yields) return 'site yields'
    const { conflict } = this.#rules
    if (conflict === 'site') return choice === 'news' ? 'site, after news' : 'site'
    if (conflict === 'keep-both' && (choice === 'hub' || choice === 'site')) return `choice ${choice}`
    return conflict
  }

  // ——— the owner and the world

  async revokeAll(subject: string): Promise<Answer> {
    return answer(() =>
      this.#transaction(() => {
        const count = this.#liveOf(subject).length
        this.#endAll(subject)
        return { count }
      }),
    )
  }

  async revokeOne(subject: string, index: number): Promise<Answer> {
    return answer(() => {
      const session = this.#liveOf(subject).reverse()[index]
      return { wasLive: session !== undefined && this.#transaction(() => this.#endOne(session)) }
    })
  }

  register(site: number, policy: Policy): void {
    this.#sites[site] = policy
  }

  async rotateSiteKey(_site: number): Promise<void> {}
  async restart(): Promise<void> {}

  advance(seconds: number): void {
    this.now += seconds
  }

  crash(when: 'before' | 'after'): void {
    this.#crash = when
  }

  async sweep(): Promise<void> {
    for (const [name, { session }] of this.#handles)
      if (session.expires <= this.now) this.#handles.delete(name)
    for (const [name, { redeemBy }] of this.#grants) if (redeemBy <= this.now) this.#grants.delete(name)
    for (const [key, { session, until }] of this.#traces)
      if (session.expires <= this.now || until <= this.now) this.#traces.delete(key)
    for (const session of this.#sessions) if (session.expires <= this.now) session.hasEnded = true
    for (const [key, { until }] of this.#spent) if (until <= this.now) this.#spent.delete(key)
    for (const [key, { until }] of this.#counters) if (until <= this.now) this.#counters.delete(key)
  }

  async truth(name: string): Promise<Truth | null> {
    const session = this.#handles.get(name)?.session
    if (!session || !this.#isLive(session)) return null
    const { id, subject, claims, data } = session
    return { id, subject, claims, data }
  }

  // ——— sessions and handles

  /** All or nothing, and where a crash was ordered, the answer is lost. */
  #transaction<Result>(act: () => Result): Result {
    const crash = this.#crash
    this.#crash = null
    if (crash === 'before') refuse('unavailable')
    try {
      return act()
    } finally {
      // eslint-disable-next-line no-unsafe-finally -- whatever came of it, nobody hears of it
      if (crash === 'after') throw new Refusal('unavailable')
    }
  }

  #begin({
    began = this.now,
    ...members
  }: Pick<Session, 'subject' | 'claims' | 'data' | 'site'> & { began?: number }): Session {
    const { subject } = members
    const until = began + lifeOf(subject).absolute
    const session: Session = {
      ...members,
      id: this.#name('session'),
      version: 0,
      authTime: subject === null ? null : began,
      seen: this.now,
      expires: endOf(began, this.now, subject),
      until,
      generation: subject === null ? 0 : this.#nextGeneration(subject, until),
      hasEnded: false,
    }
    this.#sessions.push(session)
    return session
  }

  #use(session: Session): void {
    session.seen = this.now
    session.expires = Math.min(this.now + lifeOf(session.subject).idle, session.until)
  }

  #nextGeneration(subject: string, until: number): number {
    const known = this.#counters.get(subject) ?? { generation: 0, until: 0 }
    const next = { generation: known.generation + 1, until: Math.max(known.until, until) }
    this.#counters.set(subject, next)
    return next.generation
  }

  /**
   * A session gives way and leaves its data to the one that stays: by an act of this site's no more than the site may write. The rest
   * lives on where it is.
   */
  #merge(site: number, from: Session, into: Session): boolean {
    const names = this.#movable(site, from)
    const moved = only(from.data, names)
    const hasMoved = Object.keys(moved).length > 0
    const rest = names ? without(from.data, names) : {}
    if (hasMoved) {
      const merged = mergedData(this.#rules.merge, moved, only(into.data, names))
      into.data = { ...(names ? without(into.data, names) : {}), ...merged }
      into.version += 1
    }
    if (Object.keys(rest).length === 0) from.hasEnded = true
    else if (hasMoved) {
      from.data = rest
      from.version += 1
    }
    return hasMoved
  }

  /** A user's data goes with its user. */
  #movable = (site: number, { subject }: Session): readonly string[] | null =>
    subject === null ? (this.#policy(site).write ?? this.#policy(site).read) : null

  #mayBring(site: number, session: Session): boolean {
    const names = this.#movable(site, session)
    return names === null || Object.keys(session.data).every((name) => names.includes(name))
  }

  #endAll(subject: string, except?: Session): void {
    for (const session of this.#sessions)
      if (session.subject === subject && session !== except) session.hasEnded = true
  }

  #endOne(session: Session): boolean {
    const wasLive = this.#isLive(session)
    session.hasEnded ||= wasLive
    return wasLive
  }

  /** Because time can go back, one that has expired may be live again until it is swept. */
  #isLive = (session: Session): boolean => !session.hasEnded && this.now < session.expires

  /** The session behind a handle, if it is that holder's and in use. */
  #live(name: string, holder: number | string): Session | undefined {
    const handle = this.#handles.get(name)
    const isTheirs = handle?.holder === holder && this.#isLive(handle.session)
    return isTheirs ? handle.session : undefined
  }

  #liveOrEnded = (name: string, site: number): Session => this.#live(name, site) ?? refuse('session_ended')

  #userOf(handle: string, site: number): Session & { subject: string } {
    const session = this.#liveOrEnded(handle, site)
    return isUsers(session) ? session : refuse('sign_in_required')
  }

  /** The oldest first. */
  #liveOf(subject: string): Session[] {
    return this.#sessions
      .filter((session) => session.subject === subject && this.#isLive(session))
      .sort((a, b) => a.generation - b.generation)
  }

  /** The newest first, without those that began on a site of another group. */
  #shownTo(site: number, own: Session & { subject: string }): Session[] {
    const isOfOthers = ({ site: began }: Session) =>
      this.#policy(began).isEnabled && this.#policy(began).group !== this.#policy(site).group
    return this.#liveOf(own.subject)
      .reverse()
      .filter((session) => session === own || !isOfOthers(session))
  }

  #newHandle(session: Session, holder: number | string): string {
    const name = this.#name('handle')
    this.#handles.set(name, { name, session, holder })
    return name
  }

  /** A request may be under way with it, and a form may come twice. */
  #giveUp(site: number, handle: string | null, session: Session, isSignIn = false): void {
    if (handle !== null) this.#traces.set(`${site} ${handle}`, { until: this.now + 60, session, isSignIn })
  }

  #trace(site: number, handle: string | null) {
    const trace = this.#traces.get(`${site} ${handle}`)
    return trace && this.now < trace.until ? trace : undefined
  }

  #ticket(session: Session, site: number, mode: string, from: number): Answer {
    const [grant, jti] = [this.#name('grant'), this.#name('jti')]
    const exp = this.now + TICKET_SECONDS
    this.#grants.set(grant, { session, site, jti, mode, redeemBy: exp + CLOCKS_APART })
    return {
      grant,
      jti,
      exp,
      mode,
      origin: originOf(from),
      subject: session.subject === null ? null : this.#subjectAt(session.subject, site),
    }
  }

  #view(session: Session, site: number): Answer {
    const { subject, version, expires, authTime, generation } = session
    const { claims, read } = this.#policy(site)
    return {
      state: this.#state(session, site),
      subject: subject === null ? null : this.#subjectAt(subject, site),
      claims: only(session.claims, claims),
      data: only(session.data, read),
      version,
      expires_at: expires,
      auth_time: authTime,
      generation,
    }
  }

  #state = (session: Session, site: number): string => `state ${session.id} ${site}`

  /** A pairwise site knows its own users by the names that it gave, and all others by names that are of use nowhere else. */
  #subjectAt(subject: string, site: number): string {
    if (!this.#policy(site).isPairwise) return subject
    const own = `@${originOf(site)}`
    return subject.endsWith(own) ? subject.slice(0, -own.length) : `pairwise:${site} ${subject}`
  }

  #requireAllowed(members: object, allowed: readonly string[] | null): void {
    if (allowed && !Object.keys(members).every((name) => allowed.includes(name))) refuse('data_denied')
  }

  #policy = (site: number): Policy => this.#sites[site]!

  #name = (what: string): string => `${what} ${(this.#names += 1)}`
}

function answer(act: () => Answer): Answer {
  try {
    return act()
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message }
    throw error
  }
}

const wordsIn = (off: string | null) =>
  new Map(off === null ? [] : (JSON.parse(off) as [group: string, word: 'on' | 'off'][]))

const lifeOf = (subject: string | null) => (subject === null ? ANONYMOUS : SIGNED_IN)

const endOf = (began: number, now: number, subject: string | null) =>
  Math.min(now + lifeOf(subject).idle, began + lifeOf(subject).absolute)

const isUsers = (session: Session): session is Session & { subject: string } => session.subject !== null

const isEmpty = ({ subject, data }: Session) => subject === null && Object.keys(data).length === 0

function kindOf(session: Session | undefined): Kind {
  if (!session) return 'none'
  return session.subject !== null ? 'user' : isEmpty(session) ? 'empty' : 'data'
}

function nameOf(ours: Session | undefined, theirs: Session | undefined): string {
  if (!ours) return 'none'
  if (ours.subject === null) return 'anonymous'
  if (theirs === undefined || theirs.subject === null) return 'user'
  return ours.subject === theirs.subject ? 'the same user' : 'another user'
}

const patched = (data: Data, patch: Patch): Data =>
  Object.fromEntries(
    Object.entries({ ...data, ...patch }).filter(
      (entry): entry is [string, Data[string]] => entry[1] !== null,
    ),
  )

const without = (members: Data, names: readonly string[]): Data =>
  Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))

const only = (members: Data, allowed: readonly string[] | null): Data =>
  allowed ? Object.fromEntries(Object.entries(members).filter(([name]) => allowed.includes(name))) : members
