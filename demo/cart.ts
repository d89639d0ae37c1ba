/** What can happen to a cart. The functions are pure, because `session.update` may call them more than once. */
import { randomUUID } from 'node:crypto'

import type { JsonObject, Merge } from 'session-hub/hub'

import { type CartLine, cartOf } from './browser/cart.js'

/** A patch of the session's data. */
export function withLine(data: JsonObject, line: Omit<CartLine, 'id'>): JsonObject {
  return patch([...cartOf(data), { id: randomUUID().slice(0, 8), ...line }])
}

/** To remove a line that is already gone is no error: another tab was faster. */
export function withoutLine(data: JsonObject, id: string): JsonObject {
  return patch(cartOf(data).filter((line) => line.id !== id))
}

/** The hub's merge hook: all lines of both carts, each once, in the order in which they were added. */
export const uniteCarts: Merge = ({ from, into }) => {
  const lines = new Map([...cartOf(from), ...cartOf(into)].map((line) => [line.id, line]))
  return { ...from, ...into, ...patch([...lines.values()].sort((a, b) => a.atMs - b.atMs)) }
}

const patch = (lines: readonly CartLine[]): JsonObject => ({ cart: lines.map((line) => ({ ...line })) })
