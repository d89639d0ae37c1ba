/** The cart inside the session's data. Used by the page's script and by the backend: it needs neither DOM nor Node. */

export interface CartLine {
  /** Tells two lines of the same thing apart, and one line from its copy. */
  readonly id: string
  readonly item: string
  /** The site on which it was added. */
  readonly from: string
  readonly atMs: number
}

/** The lines of a session's data; what is no line is left out. */
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
