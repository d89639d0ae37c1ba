/**
 * A store's methods for whoever stands before it. A class may have private members, so they are its own object's; and each is bound once, because
 * every request asks the store several times.
 *
 * @returns what the store has by a name, methods bound to it
 */
export function boundMethodsOf(store: object): (name: PropertyKey) => unknown {
  const bound = new Map<unknown, unknown>()
  return (name) => {
    const value: unknown = Reflect.get(store, name)
    if (typeof value !== 'function') return value
    const known = bound.get(value)
    if (known !== undefined) return known
    const method: unknown = value.bind(store)
    bound.set(value, method)
    return method
  }
}
