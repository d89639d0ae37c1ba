/**
 * Whether this value is a promise. It is recognised by its methods, not by its class: if a library has replaced `Promise` by its own class
 * (bluebird, zone.js), an `async` function does not return an instance of that class.
 */
export const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<Promise<unknown>>).then === 'function'
