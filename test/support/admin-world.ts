/** A hub with administrators of every kind, and users of two kinds to look after. */
import type { AdminOptions, NumberedAuditRow } from 'session-hub/hub'

import { Administrator, newToken, program } from './administrator.js'
import { startUsers, type Users } from './users.js'
import type { Visitor } from './visitor.js'
import type { WorldOptions } from './world.js'

/** Which permissions the administrator of each name has. */
const KINDS = {
  reader: ['read'],
  helper: ['read', 'logout'],
  chief: ['read', 'logout-all'],
  ender: ['logout'],
  keeper: ['sites'],
} as const
export type Kind = keyof typeof KINDS
export const kinds = Object.keys(KINDS) as Kind[]

export interface AdminWorld extends Users {
  readonly tokens: Readonly<Record<Kind, string>>
  /** A browser in which an administrator of this kind is signed in. */
  admin(kind: Kind): Promise<Administrator>
  /** Nobody's browser. */
  stranger(): Administrator
  /** What a program with this token asks. */
  program(kind: Kind): ReturnType<typeof program>
  /** A browser in which this user is signed in. */
  signedIn(subject: string): Promise<Visitor>
  /** What was written down, the newest first, without looks and sign-ins. */
  acts(): Promise<Pick<NumberedAuditRow, 'who' | 'act' | 'subject' | 'outcome'>[]>
}

export async function startAdminWorld(
  admin: Partial<AdminOptions> = {},
  options: WorldOptions = {},
): Promise<AdminWorld> {
  const made = kinds.map((kind) => newToken(kind, ...KINDS[kind]))
  const users = await startUsers({
    ...options,
    hub: {
      admin: { tokens: made.map(({ known }) => known), isAdmin: ['root'], ...admin },
      ...options.hub,
    },
  })
  const { world } = users
  const hub = world.hub.origin
  const tokens = Object.fromEntries(kinds.map((kind, at) => [kind, made[at]!.token])) as Record<Kind, string>
  return {
    ...users,
    tokens,
    async admin(kind) {
      const administrator = new Administrator(hub)
      await administrator.signIn(tokens[kind])
      await administrator.read('/admin')
      return administrator
    },
    stranger: () => new Administrator(hub),
    program: (kind) => program(hub, tokens[kind]),
    async signedIn(subject) {
      const visitor = users.browser()
      await users.signIn(visitor, subject)
      return visitor
    },
    async acts() {
      const rows = await world.hub.store.audit({ limit: 5000 })
      return rows
        .filter(({ act }) => act === 'end' || act === 'end-all')
        .map(({ who, act, subject, outcome }) => ({ who, act, subject, outcome }))
    },
  }
}
