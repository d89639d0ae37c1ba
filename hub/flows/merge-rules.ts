/** The built-in merges, by name, for a hub that is configured in JSON. */
import type { Json, JsonObject } from '../../sdk/protocol/json.js'
import type { Merge } from './context.js'

/** Rules for the data as a whole, and for a key that both sides have. */
export const mergeNames = ['fill', 'winner', 'loser'] as const
export type MergeName = (typeof mergeNames)[number]

/** Rules for one key, which include what carts and counters need. */
export const keyMergeNames = ['winner', 'loser', 'union', 'sum'] as const
export type KeyMergeName = (typeof keyMergeNames)[number]

export interface MergeByKeys {
  /** The rule for all other keys. @default 'fill' */
  readonly default?: MergeName
  readonly keys: Readonly<Record<string, KeyMergeName>>
}

/** Rules for whole objects. `fill` keeps what the winner has, and adds what it lacks. */
const whole: Readonly<Record<MergeName, Merge>> = {
  fill: ({ from, into }) => ({ ...from, ...into }),
  winner: ({ into }) => into,
  loser: ({ from, into }) => ({ ...into, ...from }),
}

const single: Readonly<Record<KeyMergeName, (from: Json, into: Json) => Json>> = {
  winner: (_from, into) => into,
  loser: (from) => from,
  union,
  sum,
}

export const mergeByName = (name: MergeName): Merge => whole[name]

export function mergeByKeys({ default: others = 'fill', keys }: MergeByKeys): Merge {
  return (question) => {
    const merged = new Map(Object.entries(whole[others](question)))
    for (const [key, name] of Object.entries(keys)) {
      const [from, into] = [own(question.from, key), own(question.into, key)]
      const value = into === undefined ? from : from === undefined ? into : single[name](from, into)
      if (value !== undefined) merged.set(key, value)
    }
    return Object.fromEntries(merged)
  }
}

const own = (data: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(data, key) ? data[key] : undefined

/**
 * For two lists: all of the winner's entries, then those of the loser that are not among them. An entry with an `id` equals another with
 * that `id`; any other entry is compared as a whole. For two objects: the winner's members, and those of the loser that it lacks.
 */
function union(from: Json, into: Json): Json {
  if (isList(from) && isList(into)) {
    const known = new Set(into.map(identity))
    return [...into, ...from.filter((entry) => !known.has(identity(entry)))]
  }
  if (isObject(from) && isObject(into)) return { ...from, ...into }
  return into
}

/** If the values cannot be added, the winner's value stays. */
function sum(from: Json, into: Json): Json {
  const total = typeof from === 'number' && typeof into === 'number' ? into + from : NaN
  return Number.isFinite(total) ? total : into
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)
const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !isList(value)

function identity(entry: Json): string {
  const id = isObject(entry) ? own(entry, 'id') : undefined
  return id === undefined ? `value ${JSON.stringify(entry)}` : `id ${JSON.stringify(id)}`
}
