/**
 * What a store keeps, kind by kind, as rows whose columns are the same in each engine. If a copy forgot a kind, it would lose it.
 * Sessions and subjects are copied separately, as they are stored: their reader works out whether a cut has ended a session.
 */
import { createHash } from 'node:crypto'

import {
  auditColumns,
  auditRowOf,
  endingColumns,
  endingOf,
  handleColumns,
  handleOf,
  named,
  sessionColumns,
  sessionOf,
  siteOf,
  spendOf,
  subjectColumns,
  subjectOf,
} from '../rows.js'

/** The order in which they are written: a handle needs its session. */
export const kinds = ['subject', 'session', 'handle', 'spend', 'ending', 'audit', 'site'] as const
export type Kind = (typeof kinds)[number]

export type Row = Readonly<Record<string, string | number | null>>

/** The columns by which each row is found, and in whose order it is read. */
export const keysOf: Readonly<Record<Kind, readonly string[]>> = {
  subject: ['subject'],
  session: ['id'],
  handle: ['hash'],
  spend: ['issuer', 'jti'],
  ending: ['seq'],
  audit: ['seq'],
  site: ['seq'],
}

const columnsOf: Readonly<Record<Kind, (raw: unknown) => Record<string, string | number | null>>> = {
  subject: (raw) => subjectColumns(subjectOf(raw)),
  session: (raw) => sessionColumns(sessionOf(raw)),
  handle: (raw) => handleColumns(handleOf(raw)),
  spend(raw) {
    const { issuer, jti, spentAtMs, expiresAtMs, gave } = spendOf(raw)
    return { issuer, jti, spentAtMs, expiresAtMs, gave }
  },
  ending(raw) {
    const ending = endingOf(raw)
    return { seq: ending.seq, ...endingColumns(ending) }
  },
  audit(raw) {
    const row = auditRowOf(raw)
    return { seq: row.seq, ...auditColumns(row) }
  },
  site(raw) {
    const { origin, sealed, seq } = siteOf(raw)
    return { origin, sealed, seq }
  },
}

/** @throws TypeError for a damaged row: leaving it out would lose it silently */
export const rowOf = (kind: Kind, raw: unknown): Row => named(columnsOf[kind](raw))

/** The number of rows and their content, in whatever order they come. */
export interface Digest {
  readonly rows: number
  /** 16 hexadecimal digits. */
  readonly sum: string
}

/** Adds up hashes, because no two engines have their rows in the same order. */
export function createDigest(): { add(row: Row): void; done(): Digest } {
  let rows = 0
  let sum = 0n
  return {
    add(row) {
      rows += 1
      sum += createHash('sha256').update(JSON.stringify(row)).digest().readBigUInt64BE()
    },
    done: () => ({ rows, sum: BigInt.asUintN(64, sum).toString(16).padStart(16, '0') }),
  }
}
