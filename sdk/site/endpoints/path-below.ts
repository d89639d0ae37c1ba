/**
 * Where requests for the endpoints arrive. `endpoint` is their address as browsers see it. A parent application, or a proxy, may remove its
 * first segments on the way: `/shop/session-hub/offer` arrives unchanged, or as `/session-hub/offer`.
 */

/** The endpoint's path and the parts of it that may be left on arrival, longest first. */
export const pathsOf = (endpoint: string): readonly string[] =>
  endpoint
    .split('/')
    .slice(1)
    .map((_segment, at, all) => `/${all.slice(at).join('/')}`)

/** @returns a function that gives the rest of an address below the endpoint, such as `/offer`, with its query; `undefined` for any other address */
export function pathBelow(endpoint: string): (url: string) => string | undefined {
  const paths = pathsOf(endpoint).map((path) => `${path}/`)
  return (url) => {
    const found = paths.find((path) => url.startsWith(path))
    return found && url.slice(found.length - 1)
  }
}
