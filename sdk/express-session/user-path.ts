/** The signed-in user, at its place in the session's JSON: `['passport', 'user']`. */
import type { Json, JsonObject } from '../site/index.js'
import { isObject } from './merge-diff.js'

export type Path = readonly string[]

export function valueAt(session: JsonObject, path: Path): Json | undefined {
  let value: Json | undefined = session
  for (const name of path) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
  return value
}

/** The session without that value; an object that held nothing else is removed too. */
export function withoutValueAt(session: JsonObject, [name = '', ...below]: Path): JsonObject {
  const inner = Object.hasOwn(session, name) ? session[name] : undefined
  const left = below.length > 0 && isObject(inner) ? withoutValueAt(inner, below) : undefined
  const others = Object.entries(session).filter(([key]) => key !== name)
  if (left && Object.keys(left).length > 0) others.push([name, left])
  // A value that is not an object cannot hold the user, so it is the application's own.
  else if (below.length > 0 && inner !== undefined && !isObject(inner)) others.push([name, inner])
  return Object.fromEntries(others)
}

export function withValueAt(session: JsonObject, [name = '', ...below]: Path, value: Json): JsonObject {
  const inner = Object.hasOwn(session, name) ? session[name] : undefined
  return {
    ...session,
    [name]: below.length === 0 ? value : withValueAt(isObject(inner) ? inner : {}, below, value),
  }
}
