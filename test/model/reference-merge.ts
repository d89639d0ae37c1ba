/** What becomes of two sessions' data, by the words of docs/flows/merge.md. */
import type { Data, MergeName, Value } from './plan.js'

export function mergedData(name: MergeName, from: Data, into: Data): Data {
  switch (name) {
    case 'fill':
      return { ...from, ...into }
    case 'winner':
      return into
    case 'loser':
      return { ...into, ...from }
    case 'by key':
      return { ...from, ...into, ...both(from, into, 'cart', union), ...both(from, into, 'count', sum) }
  }
}

function both(from: Data, into: Data, key: string, join: (from: Value, into: Value) => Value): Data {
  const [theirs, ours] = [from[key], into[key]]
  return theirs === undefined || ours === undefined ? {} : { [key]: join(theirs, ours) }
}

/** The winner's entries, then those of the loser that are not among them. */
function union(from: Value, into: Value): Value {
  if (!Array.isArray(from) || !Array.isArray(into)) return into
  const [theirs, ours] = [from as string[], into as string[]]
  return [...ours, ...theirs.filter((entry) => !ours.includes(entry))]
}

const sum = (from: Value, into: Value): Value =>
  typeof from === 'number' && typeof into === 'number' ? into + from : into
