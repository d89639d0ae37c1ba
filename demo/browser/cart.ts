/** The cart in the session's data. The page's script and the backend both use it, so it needs neither the DOM nor Node. */

export interface CartLine {
  /** Distinguishes two lines of the same item, and a line from its copy. */
  readonly id: string
  readonly item: string
  /** The site on which it was added. */
  readonly from: string
  readonly atMs: number
}

/** Reads the lines from a session's data, and leaves out what is no line. */
export function cartOf(data: unknown): CartLine[] {
  const cart = isObject(data) ? data.cart : undefined
  return Array.isArray(cart) ? cart.filter(isLine) : []
}

function isLine(value: unknown): value is CartLine {
  if (!isObject(value)) return false
  const { id, item, from, atMs } = value
  return (
    typeof id === 'string' && typeof item === 'string' && typeof from === 'string' && typeof atMs === 'number'
  )
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
