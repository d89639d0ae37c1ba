/**
 * How the keys of `req.session` are laid out in the hub's data. A shared key has its own name there, in plain JSON, for every site. Any other
 * key belongs to this application: `flash~k3Wq81Zp`, sealed for this user and this sign-in.
 */
import type { Json, JsonObject, SiteSession } from '../site/index.js'
import { mergeDiff } from './merge-diff.js'
import type { ExpressSessionSettings } from './options.js'
import type { Seal } from './seal.js'

/** The owner of the session: what is sealed for another user, or another sign-in, cannot be opened (R42). */
type Owner = Pick<SiteSession, 'subject' | 'authTime'>

/** What the hub stores, in the application's own terms. */
export interface Stored {
  /** The JSON of each key. */
  readonly texts: ReadonlyMap<string, string>
  /** The names of this application's own values that are to be removed: they are sealed for another sign-in, or by a former secret. */
  readonly stale: readonly string[]
}

export const NOTHING: Stored = { texts: new Map(), stale: [] }

/** The session's own id; no key of the application can have this name. */
export const ID = 'id'

export interface Layout {
  read(data: JsonObject, owner: Owner): Stored
  /** The patch from what is stored to what is wanted, which also removes what is stale. */
  patch(stored: Stored, wanted: ReadonlyMap<string, string>, owner: Owner): JsonObject
  isShared(key: string): boolean
}

export function createLayout({ seals, shared }: Pick<ExpressSessionSettings, 'seals' | 'shared'>): Layout {
  const [present] = seals
  const byTag = new Map(seals.map((seal) => [seal.tag, seal]))
  const nameOf = (key: string) => (shared.has(key) ? key : `${key}~${present.tag}`)

  function apart(name: string): { key: string; seal: Seal } | undefined {
    const [, key = '', tag = ''] = /^(.*)~(.*)$/s.exec(name) ?? []
    const seal = byTag.get(tag)
    return seal && { key, seal }
  }

  return {
    read(data, owner) {
      const texts = new Map<string, string>()
      const stale: string[] = []
      for (const [name, value] of Object.entries(data)) {
        if (shared.has(name)) texts.set(name, JSON.stringify(value))
        const own = apart(name)
        if (!own) continue
        // A key that has become shared since then counts as a different key.
        const isOwn = typeof value === 'string' && !shared.has(own.key)
        const text = isOwn ? own.seal.open(value, contextOf(own.key, owner)) : undefined
        if (text !== undefined && (own.seal === present || !texts.has(own.key))) texts.set(own.key, text)
        if (text === undefined || own.seal !== present) stale.push(name)
      }
      return { texts, stale }
    },
    patch({ texts, stale }, wanted, owner) {
      const patch = new Map<string, Json>(stale.map((name) => [name, null]))
      for (const key of texts.keys()) if (!wanted.has(key)) patch.set(nameOf(key), null)
      for (const [key, text] of wanted) {
        const before = texts.get(key)
        if (shared.has(key)) {
          if (text !== before) patch.set(key, mergeDiff(parsed(before), JSON.parse(text) as Json))
        } else if (text !== before || stale.length > 0)
          // This also seals again what a former secret has sealed.
          patch.set(nameOf(key), present.seal(text, contextOf(key, owner)))
      }
      return Object.fromEntries(patch)
    },
    isShared: (key) => shared.has(key),
  }
}

const contextOf = (key: string, { subject, authTime }: Owner) => JSON.stringify([key, subject, authTime])

const parsed = (text: string | undefined) => (text === undefined ? undefined : (JSON.parse(text) as Json))
