/** Reads and writes files that a person names. Every failure says which file it was and what to do. */
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'

import type { SessionHubError } from '../../sdk/protocol/errors.js'
import { type Json, parseJson } from '../../sdk/protocol/json.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { jsonFault } from './json-fault.js'
import { LockedError, whileLocked } from './lock.js'

/** A path as a person would write it here. */
export function shown(path: string): string {
  const short = relative(process.cwd(), path)
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short
}

/**
 * @param where names what points at the file, such as `hub.json: "keys"`; omitted if the command line named the file
 * @param remedy what to do if the file is missing
 * @throws SessionHubError `options_invalid`
 */
export async function readText(
  path: string,
  { where, remedy }: { where?: string; remedy: string },
): Promise<string> {
  try {
    return withoutMark(await readFile(path, 'utf8'))
  } catch (thrown) {
    throw refusal(where, path, thrown, { ...UNREADABLE, ENOENT: `does not exist: ${remedy}` })
  }
}

/** These bounds only stop nonsense: a person or this program wrote the file. Duplicate keys are refused all the same. */
const BOUNDS = { depth: 32, keys: 10_000 }

/** @throws SessionHubError `options_invalid` with the line and column, but with none of the text, which may be a key */
export function parseFile(text: string, where: string): Json {
  try {
    return parseJson(text, BOUNDS)
  } catch (thrown) {
    const fault = jsonFault(text)
    throw fault ? wrong(where, fault) : wrong(where, (thrown as SessionHubError).message)
  }
}

/**
 * Writes a file that holds keys, readable by its owner only. The write is all or nothing, so a hub that reads the file at any moment
 * finds either the old text or the new one. A second writer is kept out.
 *
 * @param change returns the new text; it receives the old one, or nothing if the file is new
 * @throws SessionHubError `options_invalid`, and what `change` throws
 */
export async function writePrivate(
  path: string,
  change: (before: string | undefined) => string | Promise<string>,
): Promise<void> {
  const target = await realpath(path).catch(() => path) // a link stays a link
  const draft = `${target}.part`
  await writing(path, target, async (isTakenOver) => {
    if (isTakenOver) await rm(draft, { force: true })
    const file = await open(draft, 'wx', 0o600)
    try {
      try {
        const { before, owner } = await current(target)
        await file.writeFile(await change(before))
        if (owner) {
          // The hub often runs as a different user than the one who makes its keys. It can still read what it could read before.
          await file.chown(owner.uid, owner.gid).catch(() => undefined)
          await file.chmod((owner.mode & 0o060) | 0o600)
        }
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(draft, target)
    } catch (thrown) {
      await rm(draft, { force: true })
      throw thrown
    }
  })
}

/**
 * Does work on a file that only one process at a time may do.
 *
 * @param path as a person named it
 * @param work is told whether the previous process was killed, and may have left its draft behind
 * @throws SessionHubError `options_invalid`, and what `work` throws
 */
export async function writing<Result>(
  path: string,
  target: string,
  work: (isTakenOver: boolean) => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await whileLocked(target, work)
  } catch (thrown) {
    if (thrown instanceof LockedError) throw wrong(shown(path), busy(thrown), thrown)
    throw isErrno(thrown)
      ? refusal(undefined, path, thrown, { ...UNWRITABLE, EEXIST: draftLeft(target) })
      : thrown
  }
}

async function current(path: string) {
  try {
    const [before, owner] = await Promise.all([readFile(path, 'utf8'), stat(path)])
    return { before: withoutMark(before), owner }
  } catch (thrown) {
    if (isErrno(thrown) && thrown.code === 'ENOENT') return { before: undefined, owner: undefined }
    throw thrown
  }
}

/** Whether any user of this machine can read the file. */
export async function isReadByAll(path: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(path)).mode & 0o004) !== 0
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOTDIR: 'is in no folder that exists: correct the path',
  EISDIR: 'is a folder: name the file in it',
  EACCES: 'cannot be read: let this user read it',
  EPERM: 'cannot be read: let this user read it',
}

const NO_FOLDER = 'is in no folder that exists: create the folder, or name another path'
const NOT_WRITABLE = 'cannot be written: let this user write to its folder, or name another path'

const UNWRITABLE: Readonly<Record<string, string>> = {
  ENOENT: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
  EISDIR: 'is a folder: name a file in it',
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: NOT_WRITABLE,
  ENOSPC: 'cannot be written: the disk is full',
}

function busy({ lock, owner }: LockedError): string {
  const who = owner ? ` (process ${owner.pid} on ${owner.place})` : ''
  return `is being written by another session-hub${who}; if none is running, remove "${shown(lock)}" and try again`
}

const draftLeft = (target: string) =>
  `cannot be written: "${shown(`${target}.part`)}" already exists; move it away and try again`

function refusal(
  where: string | undefined,
  path: string,
  thrown: unknown,
  words: Readonly<Record<string, string>>,
): SessionHubError {
  const code = isErrno(thrown) ? (thrown.code ?? 'unknown') : 'unknown'
  const said = words[code] ?? `cannot be used (${code})`
  return where === undefined
    ? wrong(shown(path), said, thrown)
    : wrong(where, `"${shown(path)}" ${said}`, thrown)
}

const isErrno = (thrown: unknown): thrown is NodeJS.ErrnoException =>
  thrown instanceof Error && 'syscall' in thrown

/** Some editors begin a file with a byte order mark. */
const withoutMark = (text: string) => text.replace(/^\uFEFF/, '')
