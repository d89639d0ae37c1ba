/** Plays a sequence of visitors on the real site half and the real hub, and looks after each step whether all is as it should be. */
import type { Session } from 'session-hub/hub'
import { setTimeout as delay } from 'node:timers/promises'

import { binding } from '../../support/visitor.js'
import { Browser, type Reply, type Sent } from './browser.js'
import { type Before, explains, signInBesideSignOut } from './excuse.js'
import { type Act, type At, BROWSERS, type Plan, PROCESSES, type Step } from './plan.js'
import { type Behind, behind, byHandle, itemsOf } from './truth.js'
import type { World } from './world.js'
import { sessionIn } from '../../support/records.js'

/** Something is not as it should be. */
class Wrong extends Error {}

const EVIL = 'https://evil.example'

/** Of the cookies that a browser has had, the last. */
const SHOWN_AGAIN = 4

/** Each sequence has users of its own. */
let plays = 0

/** @returns what went wrong, or `undefined` */
export async function play(world: World, plan: Plan): Promise<string | undefined> {
  await world.tidy(plan.conflict)
  const journey = new Journey(world)
  let at = 'the beginning'
  try {
    for (const [index, step] of plan.steps.entries()) {
      at = `step ${index}, ${step.do}`
      await journey.take(step)
    }
    at = 'the end'
    await journey.end()
    return undefined
  } catch (error) {
    if (error instanceof Wrong) return `At ${at}: ${error.message}`
    throw error
  }
}

type Items = ReadonlyMap<string, readonly Session[]>

class Journey {
  readonly #play = (plays += 1)
  readonly #browsers: readonly Browser[]
  /** Who has signed in in each browser. */
  readonly #users = Array.from({ length: BROWSERS }, () => new Set<string>())
  #items: Items[] = Array.from({ length: BROWSERS }, () => new Map())
  #stored = 0
  /** Signed out while the hub was away: it has to hear of them when it is back. */
  #owed: string[] = []
  /** Sign-ins that were signed out before the hub knew of them, and the process that knows. */
  readonly #over: { readonly token: string; readonly site: number; readonly process: number }[] = []
  /** Where each session was signed out. */
  readonly #outAt = new Map<string, number>()
  #isUp = true

  constructor(readonly world: World) {
    this.#browsers = Array.from({ length: BROWSERS }, () => new Browser(world))
  }

  async take(step: Step): Promise<void> {
    const before = await this.#before(step)
    await this.#do(step)
    await this.world.settle()
    await this.#requireNothingLost(step, before)
    if (this.world.unheard.length > 0) throw new Wrong(`nobody has caught ${String(this.world.unheard[0])}`)
    // Two things are seldom done in one moment.
    this.world.time.advance(250)
  }

  /** Whatever a browser ever had, shown once more to each process: at once, and when all of it has become old. */
  async end(): Promise<void> {
    await this.take({ do: 'hub comes' })
    for (const seconds of [0, 310]) {
      await this.world.advance(seconds)
      for (const [browser, { tokens }] of this.#browsers.entries())
        for (const [token, site] of [...tokens].slice(-SHOWN_AGAIN))
          await this.#showAgain(browser, site, token)
    }
    for (const { token, site, process } of this.#over) {
      const { json } = await this.#shown(site, process, token)
      if (json.status !== 'none') throw new Wrong(`a sign-in that was signed out lives again at site ${site}`)
    }
  }

  async #showAgain(browser: number, site: number, token: string): Promise<void> {
    for (let process = 0; process < PROCESSES; process += 1) {
      const found = await behind(this.world, token)
      if (found.provisional) continue
      const reply = await this.#shown(site, process, token)
      this.#look(browser, reply)
      await this.#requireTruth(site, process, found, reply)
    }
  }

  #shown(site: number, process: number, token: string): Promise<Reply> {
    return new Browser(this.world).show(site, process, token)
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case 'visit':
      case 'store':
      case 'sign in':
      case 'sign out':
        return this.#act(step, step)
      case 'sync':
        return this.#sync(step)
      case 'follow a link':
        return this.#follow(step)
      case 'redirect': {
        const { browser, site, process } = step
        const address = `${this.world.origin(site)}/session-hub/redirect?return=%2F`
        this.#lookAll(browser, await this.#browser(step).navigate(address, process))
        return
      }
      case 'opt out':
      case 'opt in':
        this.#lookAll(
          step.browser,
          await this.#browser(step).forget(step.site, step.process, step.do === 'opt out'),
        )
        return
      case 'late':
        return this.#late(step)
      case 'twice':
        return this.#twice(step)
      case 'attack':
        return this.#attack(step)
      case 'revoke':
        await this.world.hub.sessions.endAll(this.#subject(step.user))
        return
      case 'clock':
        return this.world.advance(step.seconds)
      case 'skew':
        this.world.skew(step.site, step.seconds)
        return
      case 'hub goes':
        this.#isUp = false
        return this.world.cut()
      case 'hub comes':
        return this.#comeBack()
    }
  }

  // ——— acts

  async #act(at: At, act: Act): Promise<void> {
    const { browser, site, process } = at
    const sent = this.#send(at, act)
    const before = await behind(this.world, sent.token)
    const reply = await sent.reply()
    reply.keep()
    this.#look(browser, reply)
    const now = await behind(this.world, this.#browser(at).token(site))
    switch (act.do) {
      case 'visit':
        await this.#requireTruth(site, process, before, reply)
        this.#requireSame(before, now)
        this.#requireGone(at, before)
        return
      case 'store':
        if (this.#isUp && before.isLive && !before.provisional)
          this.#require(reply.status === 200, `a store was answered with ${reply.text}`)
        if (reply.status === 200) await this.#requireItem(browser)
        return
      case 'sign in': {
        const subject = this.#subject(act.user)
        this.#require(reply.status === 200, `a sign-in was answered with ${reply.text}`)
        const who = now.provisional?.subject ?? (now.isLive ? now.session?.subject : undefined)
        this.#require(who === subject, `${subject} has signed in, but the cookie is ${String(who)}'s`)
        return
      }
      case 'sign out':
        await this.#requireOut(at, act.everywhere, sent.token, before, reply)
    }
  }

  #send(at: At, act: Act): Sent {
    const browser = this.#browser(at)
    let name = ''
    if (act.do === 'sign in') this.#users[at.browser]!.add((name = this.#subject(act.user)))
    if (act.do === 'store') name = `${this.#play}.${at.browser}.${(this.#stored += 1)}`
    return browser.act(at.site, at.process, act, name)
  }

  async #requireOut(
    { browser, site, process }: At,
    everywhere: boolean,
    token: string | undefined,
    before: Behind,
    reply: Reply,
  ): Promise<void> {
    this.#require(reply.status === 200, `a sign-out was answered with ${reply.text}`)
    this.#require(
      this.#browsers[browser]!.token(site) === undefined,
      'the cookie of a session that was signed out is still there',
    )
    const { handle, provisional, session, isLive } = before
    if (provisional && token !== undefined) this.#over.push({ token, site, process })
    if (!isLive || handle === undefined) return
    if (!this.#isUp) {
      this.#owed.push(handle)
      return
    }
    if (session) this.#outAt.set(session.id, site)
    this.#require(!(await byHandle(this.world, handle)).isLive, 'a session was signed out and is still live')
    const subject = session?.subject ?? null
    if (everywhere && subject !== null && !provisional)
      this.#require(
        (await this.world.hub.sessions.list(subject)).length === 0,
        `${subject} has signed out everywhere and still has sessions`,
      )
  }

  async #sync(step: Extract<Step, { do: 'sync' }>): Promise<void> {
    const { browser, site, process, redeemAt, choice } = step
    const { outcome, replies } = await this.#browser(step).sync(site, process, redeemAt, choice)
    this.#lookAll(browser, replies)
    if (!['keep', 'replace', 'adopt'].includes(String(outcome))) return
    const here = await behind(this.world, this.#browser(step).token(site))
    const atHub = await byHandle(this.world, this.#browser(step).hubHandle())
    this.#require(
      here.isLive && atHub.isLive && here.session?.id === atHub.session?.id,
      `after a sync (${String(outcome)}) site and hub have two sessions`,
    )
  }

  async #follow(step: Extract<Step, { do: 'follow a link' }>): Promise<void> {
    const { browser, site, process, to } = step
    const ticket = await this.#browser(step).linkTicket(site, process, to)
    if (typeof ticket !== 'string') return
    const there = this.world.origin(to)
    const form = {
      body: new URLSearchParams({ ticket, to: `${there}/` }).toString(),
      origin: this.world.origin(site),
    }
    this.#lookAll(
      browser,
      await this.#browser(step).navigate(`${there}/session-hub/enter`, process, { form }),
    )
  }

  /** The site knows of the newer cookies, and leaves them alone. */
  async #late(step: Extract<Step, { do: 'late' }>): Promise<void> {
    const { browser, site, act, then, slow } = step
    const sent = this.#send(step, act)
    if (slow === 'answer') {
      const reply = await sent.reply()
      await this.#act(then, then)
      reply.keep()
      this.#look(browser, reply)
      return
    }
    await this.#act(then, then)
    const old = await behind(this.world, sent.token)
    const present = await behind(this.world, this.#browser(step).token(site))
    const reply = await sent.reply()
    reply.keep()
    this.#look(browser, reply)
    const isOld = old.handle !== present.handle && !old.isLive && !old.provisional
    const isHarmless = act.do === 'visit' || (act.do === 'store' && sent.token !== undefined)
    if (this.#isUp && then.browser === browser && then.site === site && isOld && isHarmless)
      this.#requireSame(present, await behind(this.world, this.#browser(step).token(site)))
  }

  async #twice(step: Extract<Step, { do: 'twice' }>): Promise<void> {
    const { browser, acts, other } = step
    const sents = [this.#send(step, acts[0]), this.#send({ ...step, process: other }, acts[1])]
    const replies = await Promise.all(
      sents.map(async (sent) => {
        const reply = await sent.reply()
        reply.keep()
        return reply
      }),
    )
    this.#lookAll(browser, replies)
  }

  async #attack(step: Extract<Step, { do: 'attack' }>): Promise<void> {
    const { browser, site, process, way, from } = step
    const victim = this.#browser(step)
    const attacker = this.#browsers[(browser + 1) % BROWSERS]!
    const before = await behind(this.world, victim.token(site))
    const hubBefore = victim.hubHandle()
    const origin = this.world.origin(site)
    const { nonce, verifier } = binding()
    if (way === 'form') {
      const ticket = await attacker.linkTicket(from, process, site)
      if (typeof ticket !== 'string') return
      const form = { body: new URLSearchParams({ ticket, to: `${origin}/` }).toString(), origin: EVIL }
      this.#lookAll(browser, await victim.navigate(`${origin}/session-hub/enter`, process, { form }))
    } else if (way === 'callback') {
      const begun = await attacker.navigate(`${origin}/session-hub/redirect?return=%2F`, process, {
        before: '/session-hub/callback',
      })
      const address = begun.at(-1)?.location
      if (address?.startsWith(`${origin}/session-hub/callback`) !== true) return
      this.#lookAll(browser, await victim.navigate(address, process))
    } else {
      const ticket = (await attacker.frame(site, nonce))?.message.ticket
      if (ticket === undefined) return
      const isOther = way === 'other verifier'
      const reply = await victim.endpoint(
        site,
        process,
        'redeem',
        { ticket, verifier: isOther ? binding().verifier : verifier },
        isOther ? {} : { origin: EVIL, 'sec-fetch-site': 'cross-site' },
      )
      this.#look(browser, reply)
      this.#require(reply.status !== 200, "another browser's ticket was taken")
    }
    this.#require(victim.hubHandle() === hubBefore, 'an attack has changed the cookie at the hub')
    this.#requireSame(before, await behind(this.world, victim.token(site)))
  }

  async #comeBack(): Promise<void> {
    await this.world.mend()
    this.#isUp = true
    for (const handle of this.#owed)
      for (let tries = 0; (await byHandle(this.world, handle)).isLive; tries += 1) {
        if (tries === 2000) throw new Wrong('the hub was never told of a sign-out in its absence')
        await delay(1)
        // A try that came too soon has made the pause longer, and this clock stands still.
        if (tries % 100 === 99) await this.world.waitForPause()
        await this.world.settle()
      }
    this.#owed = []
  }

  // ——— what has to hold

  #require(isSo: boolean, message: string): asserts isSo {
    if (!isSo) throw new Wrong(message)
  }

  #lookAll(browser: number, replies: readonly Reply[]): void {
    for (const reply of replies) this.#look(browser, reply)
  }

  /** Nobody's but what belongs in this browser; and no answer of a site that has lost its way. */
  #look(browser: number, { status, json, text }: Reply): void {
    this.#require(status < 500 || (status === 503 && !this.#isUp), `an answer of ${status}: ${text}`)
    const { subject, items } = json
    if (typeof subject === 'string' && !this.#users[browser]!.has(subject))
      throw new Wrong(`browser ${browser} is shown ${subject}, who has never signed in there`)
    for (const item of Array.isArray(items) ? (items as string[]) : [])
      this.#require(
        item.startsWith(`${this.#play}.${browser}.`),
        `browser ${browser} is shown ${item}, which is another's`,
      )
  }

  /** What a page has shown of a session, beside what the hub has. */
  async #requireTruth(
    site: number,
    process: number,
    { session, isLive, provisional }: Behind,
    { json }: Reply,
  ): Promise<void> {
    const { status, subject, items } = json
    const shown = `site ${site}, process ${process}, shows ${JSON.stringify(json)}`
    if (!this.#isUp) return
    if (provisional) {
      const isOver = this.#over.length > 0 || provisional.untilMs <= this.world.time.now() + 15_000
      this.#require(
        isOver || subject === provisional.subject,
        `${shown} in the place of ${provisional.subject}`,
      )
    } else if (!isLive || !session) this.#require(status === 'none', `${shown} of a session that is over`)
    else
      this.#require(
        subject === session.subject && isEqual(items, Object.keys(session.data)),
        `${shown}, but the session is ${String(session.subject)}'s with ${Object.keys(session.data).join()}`,
      )
  }

  /** A cookie that stands for a live session stands for it still. */
  #requireSame(before: Behind, now: Behind): void {
    const { session, isLive, provisional } = before
    if (provisional) {
      const who = now.provisional?.subject ?? now.session?.subject
      const isOver = this.#over.length > 0 || provisional.untilMs <= this.world.time.now() + 15_000
      this.#require(isOver || who === provisional.subject, `the sign-in of ${provisional.subject} is gone`)
    } else if (isLive)
      this.#require(
        now.session?.id === session?.id,
        'the cookie of a live session was taken away or replaced',
      )
  }

  /** The cookie of a session that was ended elsewhere is cleared: what this site itself has ended may have left the browser newer ones. */
  #requireGone({ browser, site }: At, { session, isLive, provisional }: Behind): void {
    if (!this.#isUp || !session || isLive || provisional) return
    const { id, endReason } = session
    const isOwn =
      endReason === 'signed-in' ||
      endReason === 'replaced' ||
      (endReason === 'signed-out' && (this.#outAt.get(id) ?? site) === site)
    this.#require(
      isOwn || this.#browsers[browser]!.token(site) === undefined,
      'the cookie of a session that has ended is still there',
    )
  }

  /** What was just stored can be reached by this browser's cookies. */
  async #requireItem(browser: number): Promise<void> {
    const items = await itemsOf(this.#browsers[browser]!)
    const item = `${this.#play}.${browser}.${this.#stored}`
    this.#require(items.has(item), `${item} was stored and is nowhere`)
  }

  async #before(step: Step): Promise<Before> {
    if (!('browser' in step))
      return {
        isUp: this.#isUp,
        siteHasUser: false,
        siteIsLive: false,
        provisional: undefined,
        hubHasUser: false,
      }
    const here = await behind(this.world, this.#browser(step).token(step.site))
    const atHub = await byHandle(this.world, this.#browser(step).hubHandle())
    const there =
      step.do === 'follow a link' ? await behind(this.world, this.#browser(step).token(step.to)) : atHub
    return {
      isUp: this.#isUp,
      siteHasUser: here.provisional !== undefined || (here.isLive && here.session?.subject !== null),
      siteIsLive: here.isLive,
      provisional: here.provisional?.subject,
      hubHasUser: there.isLive && there.session?.subject !== null,
    }
  }

  async #requireNothingLost(step: Step, before: Before): Promise<void> {
    const after: Items[] = []
    for (const [browser, one] of this.#browsers.entries()) {
      const items = await itemsOf(one)
      for (const [item, holders] of this.#items[browser]!) {
        if (items.has(item)) continue
        for (const { id } of holders) {
          const holder = await sessionIn(this.world.store, id)
          if (!holder) continue
          const lost = { browser, holder, nowMs: this.world.time.now() }
          this.#require(
            explains(step, before, lost, (user) => this.#subject(user)),
            `${item} was lost: its session is ${holder.endReason ?? 'live'}, and no end explains it`,
          )
          const user = signInBesideSignOut(step)
          if (user !== undefined) await this.#requireNowhere(item, this.#subject(user))
        }
      }
      after.push(items)
    }
    this.#items = after
  }

  /** Of what no browser can reach, nothing lives on. */
  async #requireNowhere(item: string, subject: string): Promise<void> {
    for (const { id } of await this.world.hub.sessions.list(subject)) {
      const session = await sessionIn(this.world.store, id)
      const holdsIt = JSON.stringify(session?.data).includes(JSON.stringify(item))
      this.#require(!holdsIt, `${item} is in a session that nobody holds`)
    }
  }

  #subject(user: string): string {
    return `${user}.${this.#play}`
  }

  #browser({ browser }: At): Browser {
    return this.#browsers[browser]!
  }
}

const isEqual = (shown: unknown, items: readonly string[]) =>
  Array.isArray(shown) && [...(shown as string[])].sort().join() === [...items].sort().join()
