/** Loaded before everything else, in each process of a run: `$m(id)` says whether that mutant is on, and notes that it was asked. */
interface Switch {
  $m: (id: number) => boolean
  $mutant: number
  $reached: Set<number>
}

const all = globalThis as typeof globalThis & Switch
all.$mutant = Number(process.env.SESSION_HUB_MUTANT ?? 0)
all.$reached = new Set()
all.$m = (id) => {
  all.$reached.add(id)
  return id === all.$mutant
}

export const turnOn = (id: number): void => {
  all.$mutant = id
  process.env.SESSION_HUB_MUTANT = String(id)
}

/** Everything that is reached from now on goes into this set. */
export const reachInto = (reached: Set<number>): void => void (all.$reached = reached)
