/** Keeps what is usable of a merge's result. No faulty hook and no bound costs anybody their data: each unusable key is replaced on its own. */
import type { Json, JsonObject } from '../../sdk/protocol/json.js'
import { plainJson } from '../../sdk/protocol/plain-json.js'
import { limits } from '../../sdk/protocol/wire.js'
import { reasonOf } from '../../sdk/settings/log.js'
import { mergeByName } from './merge-rules.js'

/** Many patches and merges may make more keys than one request may have. The size bounds them all. */
export const dataBounds = { depth: limits.jsonDepth, keys: 2048 }

interface Sides {
  readonly from: JsonObject
  readonly into: JsonObject
}

interface Usable {
  readonly made: JsonObject
  /** What is wrong with the rest of the result. */
  readonly fault?: string
}

/**
 * Takes each key as the hook returns it if that is plain JSON, and otherwise as `fill` would have it. A key that the hook leaves out stays out:
 * whoever fills a cart so that a hook fails over one key gets no other key past the hook.
 */
export function usable(said: object, sides: Sides): Usable {
  try {
    return { made: plainJson('merge', said, dataBounds) }
  } catch (thrown) {
    const fault = reasonOf(thrown)
    const filled = mergeByName('fill')({ ...sides, reason: 'shared' })
    const names = Object.keys(said)
    // A promise or a Map, for example, names no keys at all, so it does not say that any key should be removed.
    if (names.length === 0) return { made: filled, fault }
    return { made: Object.fromEntries(names.flatMap((name) => kept(said, name, filled))), fault }
  }
}

function kept(said: object, name: string, filled: JsonObject): [string, Json][] {
  try {
    return Object.entries(plainJson('merge', { [name]: (said as Record<string, unknown>)[name] }, dataBounds))
  } catch {
    const instead = own(filled, name)
    return instead === undefined ? [] : [[name, instead]]
  }
}

export interface Fitted {
  readonly data: JsonObject
  /** Keys of the losing session that did not come along. */
  readonly left: ReadonlySet<string>
}

/**
 * Returns as much as a session may hold: first what the winner has, then what it lacks from the loser, then, key by key, what the merge has made of
 * them.
 *
 * @param rest the data of the winner that is not part of the merge
 */
export function fitted(made: JsonObject, { from, into }: Sides, rest: JsonObject): Fitted {
  const room = createRoom(rest)
  const names = Object.keys(made)
  const come = new Set<string>()
  for (const name of names) room.put(name, own(into, name))
  for (const name of names) if (!Object.hasOwn(into, name) && room.put(name, own(from, name))) come.add(name)
  for (const name of names) if (room.put(name, own(made, name))) come.add(name)
  // A new name may hold the value of another. If it finds no room, nothing that the merge left out was meant to be removed.
  const isMoved = (name: string) => !Object.hasOwn(into, name) && !Object.hasOwn(from, name)
  const isShort = names.some((name) => isMoved(name) && !come.has(name))
  const stays = (name: string) => (Object.hasOwn(made, name) ? !come.has(name) : isShort)
  return { data: room.data(), left: new Set(Object.keys(from).filter(stays)) }
}

/** Ignores members that every object inherits. */
const own = (members: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(members, name) ? members[name] : undefined

interface Room {
  /** @returns whether there is a value and room for it; otherwise the earlier value stays */
  put(name: string, value: Json | undefined): boolean
  data(): JsonObject
}

/** Measures each member once: writing all of them for each of two thousand keys would block every other request. */
function createRoom(rest: JsonObject): Room {
  const members = new Map(Object.entries(rest))
  const sizes = new Map(Object.entries(rest).map(([name, value]) => [name, sizeOfMember(name, value)]))
  // Starts with the braces. There is one comma less than members, and one is counted with each member.
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 1)
  return {
    put(name, value) {
      if (value === undefined) return false
      const size = sizeOfMember(name, value)
      const bytesWithIt = bytes - (sizes.get(name) ?? 0) + size
      if (bytesWithIt > limits.dataBytes || (!members.has(name) && members.size >= dataBounds.keys))
        return false
      bytes = bytesWithIt
      sizes.set(name, size)
      members.set(name, value)
      return true
    },
    data: () => Object.fromEntries(members),
  }
}

/** Includes a comma, and not the braces. */
const sizeOfMember = (name: string, value: Json) => Buffer.byteLength(JSON.stringify({ [name]: value })) - 1
