/** One end of a copy: a store that no hub uses meanwhile. Each engine has its own. */
import type { Kind, Row } from './rows.js'

/** What a copy has noted in a store. While the note is there, no hub opens the store, and no hub that has it open writes. */
export interface CopyNote {
  /** The name of the copy, the same at both ends. */
  readonly copy: string
  readonly role: 'source' | 'target'
  /** The other end. */
  readonly other: string
  /** For a source: everything is at the other end. */
  readonly isDone: boolean
  readonly atMs: number
  /** For a target: how far the copy has come. */
  readonly progress: string | null
}

/** Numbers that go on counting, even after their rows were swept. */
export interface Numbers {
  readonly epoch: string
  readonly lastEnding: number
  readonly lastAudit: number
  readonly lastSite: number
}

export interface Page {
  readonly rows: readonly Row[]
  /** The place where the next page begins; absent on the last page. */
  readonly next?: string
}

export interface Written {
  readonly copy: string
  readonly kind: Kind
  readonly rows: readonly Row[]
  /** How far the copy had come before this write, and how far it has come with it. */
  readonly from: string | null
  readonly to: string
}

/** Every method rejects with a SessionHubError. */
export interface CopyEnd {
  /** The store's address, without a password. */
  readonly name: string
  note(): Promise<CopyNote | undefined>
  /**
   * Closes the store to hubs. Resolves when no hub writes any more.
   *
   * @returns whether the store was open; `false` if another copy has closed it a moment before
   */
  begin(note: CopyNote): Promise<boolean>
  /** @returns the number of rows, if it is known without reading each one */
  count(kind: Kind): Promise<number | undefined>
  numbers(): Promise<Numbers>
  /** Reads in a stable order. @param after where the page begins; `undefined` for the beginning */
  read(kind: Kind, after: string | undefined, limit: number): Promise<Page>
  /**
   * Inserts rows, or replaces those that exist, and notes how far the copy has come, all or nothing.
   *
   * @returns whether it is written; `false` if the copy is over, or somebody else has continued it
   */
  write(written: Written): Promise<boolean>
  /** For a target: sets the numbers that go on counting. */
  setNumbers(numbers: Numbers): Promise<void>
  /** For a source: notes that everything is at the other end. For a target: opens it to hubs. */
  finish(role: CopyNote['role']): Promise<void>
  /** Removes the note, so that hubs may use the store again. */
  reopen(): Promise<void>
  close(): Promise<void>
}
