/**
 * Whether this comes later. By what it can do, not by its class: where a library has put its own class in the place of `Promise` (bluebird, zone.js),
 * what an `async` function gives is none of that class.
 */
export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<Promise<unknown>>).then === 'function'
