/** What the system counts of programs that are not ours. Linux alone. */
import { readdirSync, readFileSync } from 'node:fs'

/** `getconf CLK_TCK`: a hundred a second on every Linux that Node runs on. */
const TICK_MICROS = 10_000

/** CPU time of a process and of all that it has started, those that have ended included. */
export function cpuMicrosOf(pid: number): number {
  const own = statOf(pid)
  if (!own) return 0
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat?.parent === pid)
  return (
    TICK_MICROS * (own.used + own.ofChildren + children.reduce((sum, child) => sum + (child?.used ?? 0), 0))
  )
}

function statOf(pid: number): { parent: number; used: number; ofChildren: number } | undefined {
  try {
    // A name in brackets comes first, and may contain anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ').map(Number)
    const [, parent] = fields
    const [user, system, ofUser, ofSystem] = fields.slice(11, 15) as [number, number, number, number]
    return { parent: parent!, used: user + system, ofChildren: ofUser + ofSystem }
  } catch {
    return undefined
  }
}
