/**
 * Lets one process at a time write a file. The lock is a file beside it that says who holds it. If a process is killed, its lock stays behind,
 * and the next process takes it over.
 */
import { readFile, readlink, rename, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'

import { isJsonObject } from '../../sdk/protocol/json.js'

/** The holder of a lock. A number identifies a process only on this machine, and in this container. */
interface Owner {
  readonly pid: number
  readonly place: string
}

/** Another process holds the lock, or has left it behind and this process cannot tell whether that one still runs. */
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
 * @param work is told whether the lock was taken over: the killed process may then have left drafts too
 * @throws LockedError, what `work` throws, and the errors of the file system
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

/** @returns whether the lock belonged to a process that has ended */
async function take(lock: string): Promise<boolean> {
  const me: Owner = { pid: process.pid, place: await here() }
  if (await created(lock, me)) return false
  if (!isOver(await ownerOf(lock), me)) throw new LockedError(lock, await ownerOf(lock))
  // Only one of several processes checks again and takes the lock, in one step: otherwise another could remove the lock of the one that has just
  // taken it.
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

/** @returns `undefined` if the file is gone by now, or is not ours */
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

/**
 * Whether the owning process has ended. A process of another machine may still run, as far as this one can know. This process has no lock yet, so a
 * lock with its number belonged to an earlier process.
 */
function isOver(owner: Owner | undefined, me: Owner): boolean {
  if (owner?.place !== me.place) return false
  if (owner.pid === me.pid) return true
  try {
    process.kill(owner.pid, 0)
    return false
  } catch (thrown) {
    // Another user's process cannot be signalled, but it exists.
    return (thrown as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Containers can share a folder and a host name, and still number their processes separately. */
async function here(): Promise<string> {
  const numbering = await readlink('/proc/self/ns/pid').catch(() => '')
  return [hostname(), numbering].filter(Boolean).join(' ')
}
