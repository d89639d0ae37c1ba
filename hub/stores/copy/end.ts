/** One end of a copy: a store that no hub uses meanwhile. Each engine has one. */
import type { Kind, Row } from './rows.js'

/** What a copy has noted in a store. While it stands there, no hub opens the store, and none that has it open writes. */
export interface CopyNote {
  /** The name of the copy, the same at both ends. */
  readonly copy: string
  readonly role: 'source' | 'target'
  /** The other end. */
  readonly other: string
  /** Of a source: everything is at the other end. */
  readonly isDone: boolean
  readonly atMs: number
  /** Of a target: how far it has come. */
  readonly progress: string | null
}

/** What goes on counting, also past the rows that were swept. */
export interface Numbers {
  readonly epoch: string
  readonly lastEnding: number
  readonly lastAudit: number
  readonly lastSite: number
}

export interface Page {
  readonly rows: readonly Row[]
  /** Where the next page begins; absent: this was the last one. */
  readonly next?: string
}

export interface Written {
  readonly copy: string
  readonly kind: Kind
  readonly rows: readonly Row[]
  /** How far the copy had come before, and has come now. */
  readonly from: string | null
  readonly to: string
}

/** Every method rejects with a SessionHubError. */
export interface CopyEnd {
  /** Where it is, without a password. */
  readonly name: string
  note(): Promise<CopyNote | undefined>
  /**
   * Closes the store to hubs. Resolves when none of them writes any more.
   *
   * @returns whether it was open: not where another copy has closed it a moment before
   */
  begin(note: CopyNote): Promise<boolean>
  /** @returns how many rows there are, where that is known without looking at each */
  count(kind: Kind): Promise<number | undefined>
  numbers(): Promise<Numbers>
  /** In an order that stays. @param after where the page begins; `undefined`: at the beginning */
  read(kind: Kind, after: string | undefined, limit: number): Promise<Page>
  /**
   * Puts rows in, or in the place of those that are there, and notes how far the copy has come, all or nothing.
   *
   * @returns whether it is written; not where the copy is over, or somebody else has taken it further
   */
  write(written: Written): Promise<boolean>
  /** Of a target: the numbers that go on. */
  setNumbers(numbers: Numbers): Promise<void>
  /** Of a source: notes that all of it is at the other end. Of a target: opens it to hubs. */
  finish(role: CopyNote['role']): Promise<void>
  /** Takes a note away: hubs may use the store again. */
  reopen(): Promise<void>
  close(): Promise<void>
}
