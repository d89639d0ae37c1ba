/**
 * Copies a whole store into another one. First a note closes both ends to hubs. The note outlives this process, so the copy
 * misses no write. If it is killed at any point and run again, it continues where it stopped. It opens the target only after it has read both ends
 * again and found them equal.
 */
import { randomBytes } from 'node:crypto'

import { SessionHubError } from '../../../sdk/protocol/errors.js'
import { isJsonObject, type Json } from '../../../sdk/protocol/json.js'
import type { CopyEnd, CopyNote } from './end.js'
import { closedByCopy } from './note.js'
import { createDigest, type Digest, type Kind, kinds, type Row } from './rows.js'

export interface CopyReport {
  readonly act: 'copying' | 'comparing'
  readonly kind: Kind
  readonly rows: number
  /** The total, if it is known. */
  readonly of: number | undefined
}

export interface CopiedKind extends Digest {
  readonly kind: Kind
}

const PAGE = 500

/**
 * @param report is told how far the copy has come
 * @throws SessionHubError `options_invalid` if the two must not be copied; `unavailable` if one of them fails meanwhile. A second run then continues
 */
export async function copyStore(
  source: CopyEnd,
  target: CopyEnd,
  report: (report: CopyReport) => void,
): Promise<readonly CopiedKind[]> {
  const { copy, progress } = await begin(source, target)
  const run = createRun(copy, target, progress)
  await run.hold()
  await fill(run, source, report)
  await run.hold()
  await target.setNumbers(await source.numbers())
  const copied = await compare(source, target, report).catch(async (thrown: unknown) => {
    // If another run has finished the copy, and a hub has written since, the two differ, and all is well.
    await run.hold()
    throw thrown
  })
  await run.hold()
  // The order matters: if the process is killed in between, the next run finds both notes and completes the copy.
  await source.finish('source')
  await target.finish('target')
  return copied
}

/** @returns the name of the copy, and how far it has come */
async function begin(source: CopyEnd, target: CopyEnd): Promise<Pick<CopyNote, 'copy' | 'progress'>> {
  const [leaving, arriving] = [await source.note(), await target.note()]
  if (leaving?.role === 'target') throw refused(`${source.name} cannot be copied`, leaving)
  if (arriving?.role === 'source') throw refused(`Nothing can be copied to ${target.name}`, arriving)
  if (arriving) {
    if (arriving.copy !== leaving?.copy)
      throw new SessionHubError(
        'options_invalid',
        `${target.name} is an unfinished copy of another store, ${arriving.other}: continue that copy, or empty the store`,
      )
    return arriving
  }
  if (leaving && (leaving.isDone || leaving.other !== target.name))
    throw refused(`${source.name} cannot be copied again`, leaving)
  if (!(await isEmpty(target)))
    throw new SessionHubError(
      'options_invalid',
      `${target.name} is not empty: name an empty store, because a copy overwrites nothing`,
    )
  const note = { copy: leaving?.copy ?? randomBytes(16).toString('hex'), isDone: false, progress: null }
  const atMs = Date.now()
  if (!leaving && !(await source.begin({ ...note, role: 'source', other: target.name, atMs })))
    throw another(source.name)
  if (!(await target.begin({ ...note, role: 'target', other: source.name, atMs }))) throw another(target.name)
  return note
}

const another = (name: string) =>
  new SessionHubError(
    'options_invalid',
    `Another "session-hub store copy" is at ${name}, or has just finished: let it end, and run this one again if it fails`,
  )

function refused(what: string, note: CopyNote): SessionHubError {
  const cause = closedByCopy(note)
  return new SessionHubError('options_invalid', `${what}. ${cause.message}`, { cause })
}

/** What was there once counts too, because its numbers would be used again. */
async function isEmpty(target: CopyEnd): Promise<boolean> {
  const { lastEnding, lastAudit, lastSite } = await target.numbers()
  if (lastEnding + lastAudit + lastSite > 0) return false
  for (const kind of kinds) if ((await target.read(kind, undefined, 1)).rows.length > 0) return false
  return true
}

interface Progress {
  /** The kind that is being copied. */
  readonly kind: Kind
  readonly after?: string
  /** How many rows of that kind are there. */
  readonly rows: number
  /** Everything is there. */
  readonly isOver?: true
}

const START: Progress = { kind: kinds[0], rows: 0 }

/** This process's part of a copy. If two processes work on one copy, the later one continues, and the other notices that before it writes. */
interface Run {
  readonly place: Progress
  /** @throws SessionHubError if another process has taken the copy over */
  write(kind: Kind, rows: readonly Row[], place: Progress): Promise<void>
  /** Takes the copy over, or makes sure that nobody else has. */
  hold(): Promise<void>
}

function createRun(copy: string, target: CopyEnd, noted: string | null): Run {
  const run = randomBytes(8).toString('hex')
  let from = noted
  let place = noted === null ? START : readProgress(noted)
  let step = 0
  async function write(kind: Kind, rows: readonly Row[], next: Progress): Promise<void> {
    const to = JSON.stringify({ ...next, run, step: (step += 1) })
    if (!(await target.write({ copy, kind, rows, from, to }))) throw another(target.name)
    from = to
    place = next
  }
  return {
    get place() {
      return place
    },
    write,
    hold: () => write(place.kind, [], place),
  }
}

async function fill(run: Run, source: CopyEnd, report: (report: CopyReport) => void): Promise<void> {
  const { place } = run
  if (place.isOver) return
  for (const kind of kinds.slice(kinds.indexOf(place.kind))) {
    let { after, rows } = kind === place.kind ? place : { ...START, after: undefined }
    const of = await source.count(kind)
    for (let isMore = true; isMore;) {
      const page = await source.read(kind, after, PAGE)
      rows += page.rows.length
      await run.write(kind, page.rows, following(kind, page.next, rows))
      after = page.next
      isMore = after !== undefined
      report({ act: 'copying', kind, rows, of })
    }
  }
}

/** The place where the next page begins: in this kind, or in the next one. */
function following(kind: Kind, next: string | undefined, rows: number): Progress {
  if (next !== undefined) return { kind, after: next, rows }
  const then = kinds[kinds.indexOf(kind) + 1]
  return then ? { kind: then, rows: 0 } : { kind, rows, isOver: true }
}

function readProgress(noted: string): Progress {
  const found = JSON.parse(noted) as Json
  const kind = isJsonObject(found) ? kinds.find((each) => each === found['kind']) : undefined
  if (!isJsonObject(found) || !kind)
    throw new SessionHubError('options_invalid', 'The progress that the copy has noted is damaged')
  const { after, rows, isOver } = found
  return {
    kind,
    rows: Number(rows),
    ...(typeof after === 'string' && { after }),
    ...(isOver === true && { isOver }),
  }
}

async function compare(
  source: CopyEnd,
  target: CopyEnd,
  report: (report: CopyReport) => void,
): Promise<readonly CopiedKind[]> {
  const copied: CopiedKind[] = []
  for (const kind of kinds) {
    const digest = createDigest()
    let rows = 0
    for await (const page of pagesOf(target, kind)) {
      rows += page.length
      for (const row of page) digest.add(row)
      report({ act: 'comparing', kind, rows, of: undefined })
    }
    const there = digest.done()
    const here = await digestOf(source, kind)
    if (here.rows !== there.rows || here.sum !== there.sum)
      throw new SessionHubError(
        'options_invalid',
        `The copy differs from its source: of kind "${kind}", ${source.name} has ${here.rows} (checksum ${here.sum}), ` +
          `${target.name} has ${there.rows} (${there.sum}). It stays closed; empty it, and begin again`,
      )
    copied.push({ kind, ...here })
  }
  const [had, has] = [await source.numbers(), await target.numbers()]
  if (JSON.stringify(had) !== JSON.stringify(has))
    throw new SessionHubError(
      'options_invalid',
      'The copy’s numbers of endings differ from those of its source',
    )
  return copied
}

async function digestOf(end: CopyEnd, kind: Kind): Promise<Digest> {
  const digest = createDigest()
  for await (const page of pagesOf(end, kind)) for (const row of page) digest.add(row)
  return digest.done()
}

async function* pagesOf(end: CopyEnd, kind: Kind): AsyncGenerator<readonly Row[]> {
  let after: string | undefined
  do {
    const page = await end.read(kind, after, PAGE)
    yield page.rows
    after = page.next
  } while (after !== undefined)
}
