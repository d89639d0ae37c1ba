/** Asks the real hub and the reference the same, and holds the answers to each other. */
import { isDeepStrictEqual } from 'node:util'

import type { ActBodies, Answer, HubSide, Truth } from './hub-side.js'
import type { Policy } from './plan.js'

/** The hub has answered otherwise than it should. */
export class Difference extends Error {}

/** What only its maker can read: it has to stand for the same thing on both sides, whatever it is spelt like. */
const UNREADABLE = ['handle', 'grant', 'jar', 'state', 'jti', 'proof', 'hubNonce', 'seal', 'ref', 'id', 'off']

/** Unreadable texts go in and out as names such as `#handle 3`. */
export class Pair implements HubSide {
  readonly #toReference = new Map<string, string>()
  readonly #toReal = new Map<string, string>()
  readonly #fromReference = new Map<string, string>()
  readonly #fromReal = new Map<string, string>()

  constructor(
    readonly reference: HubSide,
    readonly real: HubSide,
  ) {}

  act = <Name extends keyof ActBodies>(site: number, name: Name, body: ActBodies[Name]) =>
    this.#both(`${name} by site ${site}`, body, (side, told) => side.act(site, name, told))
  race = (site: number, body: ActBodies['redeem']) =>
    this.#both(`two redeems by site ${site}`, body, (side, told) => side.race(site, told))
  frame: HubSide['frame'] = (asked) => this.#both('frame', asked, (side, told) => side.frame(told))
  exchange: HubSide['exchange'] = (asked) =>
    this.#both('exchange', asked, (side, told) => side.exchange(told))
  redirect: HubSide['redirect'] = (asked) =>
    this.#both('redirect', asked, (side, told) => side.redirect(told))
  forget: HubSide['forget'] = (asked) => this.#both('forget', asked, (side, told) => side.forget(told))
  revokeAll = (subject: string) => this.#both('revoke all', subject, (side, told) => side.revokeAll(told))
  revokeOne = (subject: string, index: number) =>
    this.#both('revoke one', subject, (side, told) => side.revokeOne(told, index))

  register(site: number, policy: Policy): void {
    for (const side of this.#sides) side.register(site, policy)
  }
  async rotateSiteKey(site: number): Promise<void> {
    for (const side of this.#sides) await side.rotateSiteKey(site)
  }
  advance(seconds: number): void {
    for (const side of this.#sides) side.advance(seconds)
  }
  async sweep(): Promise<void> {
    for (const side of this.#sides) await side.sweep()
  }
  async restart(): Promise<void> {
    for (const side of this.#sides) await side.restart()
  }
  crash(when: 'before' | 'after'): void {
    for (const side of this.#sides) side.crash(when)
  }

  async truth(handle: string): Promise<Truth | null> {
    const { truth } = await this.#both('truth', { handle }, async (side, told) => ({
      truth: await side.truth(told.handle),
    }))
    return truth as Truth | null
  }

  get #sides() {
    return [this.reference, this.real]
  }

  async #both<Told>(
    what: string,
    asked: Told,
    ask: (side: HubSide, told: Told) => Promise<Answer>,
  ): Promise<Answer> {
    const right = await ask(this.reference, spelt(asked, this.#toReference))
    const said = await ask(this.real, spelt(asked, this.#toReal))
    const named = this.#named(right, said)
    if (named === undefined)
      throw new Difference(
        `${what} ${JSON.stringify(asked)}\n  should say ${inNames(right, this.#fromReference)}\n  but says   ${inNames(said, this.#fromReal)}`,
      )
    return named as Answer
  }

  /** The answer in names, or `undefined` where the sides differ. */
  #named(right: unknown, said: unknown, key = ''): unknown {
    if (typeof right === 'string' && typeof said === 'string' && isUnreadable(key, right, said)) {
      const [name, other] = [this.#fromReference.get(right), this.#fromReal.get(said)]
      if (name !== other) return undefined
      return name ?? this.#newName(key, right, said)
    }
    if (Array.isArray(right) && Array.isArray(said) && right.length === said.length)
      return all(right.map((one: unknown, index) => this.#named(one, said[index], key)))
    if (isRecord(right) && isRecord(said)) {
      const keys = Object.keys(right).sort()
      if (!isDeepStrictEqual(keys, Object.keys(said).sort())) return undefined
      const values = all(keys.map((each) => this.#named(right[each], said[each], each)))
      return values && Object.fromEntries(keys.map((each, index) => [each, values[index]]))
    }
    return right === said ? right : undefined
  }

  #newName(key: string, right: string, said: string): string {
    const name = `#${key} ${this.#toReal.size + 1}`
    this.#toReference.set(name, right)
    this.#toReal.set(name, said)
    this.#fromReference.set(right, name)
    this.#fromReal.set(said, name)
    return name
  }
}

const isUnreadable = (key: string, ...texts: string[]) =>
  UNREADABLE.includes(key) || (key === 'subject' && texts.every((text) => text.startsWith('pairwise:')))

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const all = (values: unknown[]) => (values.includes(undefined) ? undefined : values)

/** In the words of one side. */
function spelt<Told>(told: Told, words: ReadonlyMap<string, string>): Told {
  if (typeof told === 'string') return (words.get(told) ?? told) as Told
  if (Array.isArray(told)) return told.map((one: unknown) => spelt(one, words)) as Told
  if (!isRecord(told)) return told
  return Object.fromEntries(Object.entries(told).map(([key, value]) => [key, spelt(value, words)])) as Told
}

const inNames = (answer: Answer, names: ReadonlyMap<string, string>): string =>
  JSON.stringify(answer, (_key, value: unknown) =>
    typeof value === 'string' ? (names.get(value) ?? value) : value,
  )
