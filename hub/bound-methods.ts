/**
 * Gives a store's methods to an object that stands in front of it. They are bound to the store itself, because a class may have private members. Each
 * is bound only once, because every request asks the store several times.
 *
 * @returns a function that returns the store's member of a name, bound if it is a method
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
