/**
 * One process at a time writes a file. The lock is a file beside it that says who has it: where a process was killed, its lock stays behind,
 * and the next one takes it over.
 */
import { readFile, readlink, rename, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'

import { isJsonObject } from '../../sdk/protocol/json.js'

/** Whoever has a lock: a number means a process on this machine only, and in this container. */
interface Owner {
  readonly pid: number
  readonly place: string
}

/** Another process has it, or has left it behind where this one cannot know whether it still runs. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
  readonly lock: string
  readonly owner: Owner | undefined

  constructor(lock: string, owner: Owner | undefined) {
    super(`${lock} is there`)
    this.lock = lock
    this.owner = owner
  }
}

/**
 * @param work is told whether the lock was taken over: then drafts of the one that was killed may lie there too
 * @throws LockedError, what `work` throws, and what the file system says
 */
export async function whileLocked<Result>(
  target: string,
  work: (isTakenOver: boolean) => Result | Promise<Result>,
): Promise<Result> {
  const lock = `${target}.lock`
  const isTakenOver = await take(lock)
  try {
    return await work(isTakenOver)
  } finally {
    await unlink(lock).catch(() => undefined)
  }
}

/** @returns whether it was a dead one's */
async function take(lock: string): Promise<boolean> {
  const me: Owner = { pid: process.pid, place: await here() }
  if (await created(lock, me)) return false
  if (!isOver(await ownerOf(lock), me)) throw new LockedError(lock, await ownerOf(lock))
  // Only one of several looks again and takes it, in one step: another might remove the lock of the one that has just taken it.
  const successor = `${lock}.new`
  if (!(await created(successor, me))) throw new LockedError(successor, await ownerOf(successor))
  try {
    const owner = await ownerOf(lock)
    if (!isOver(owner, me)) throw new LockedError(lock, owner)
    await rename(successor, lock)
    return true
  } catch (thrown) {
    await unlink(successor).catch(() => undefined)
    throw thrown
  }
}

async function created(file: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(owner), { flag: 'wx', mode: 0o600 })
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  }
}

/** @returns `undefined` where the file is gone by now, or is none of ours */
async function ownerOf(file: string): Promise<Owner | undefined> {
  try {
    const given: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (!isJsonObject(given)) return undefined
    const { pid, place } = given
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1 || typeof place !== 'string')
      return undefined
    return { pid, place }
  } catch {
    return undefined
  }
}

/** A process of another machine may run for all that is known here. This one has no lock yet, so its number was another's before. */
function isOver(owner: Owner | undefined, me: Owner): boolean {
  if (owner?.place !== me.place) return false
  if (owner.pid === me.pid) return true
  try {
    process.kill(owner.pid, 0)
    return false
  } catch (thrown) {
    // Another user's process cannot be signalled, and is there.
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Containers can share a folder and a host's name, and number their processes apart. */
async function here(): Promise<string> {
  const numbering = await readlink('/proc/self/ns/pid').catch(() => '')
  return [hostname(), numbering].filter(Boolean).join(' ')
}
