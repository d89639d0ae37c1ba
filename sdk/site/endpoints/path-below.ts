/**
 * Where requests for the endpoints arrive. `endpoint` is their address as browsers see it; a parent application, or a proxy, may take its
 * first segments off on the way: `/shop/session-hub/offer` arrives as that, or as `/session-hub/offer`.
 */

/** @returns gives the rest of an address below the endpoint, such as `/offer`, with its query; `undefined` for any other address */
export function pathBelow(endpoint: string): (url: string) => string | undefined {
  const whole = `${endpoint}/`
  const shortened = endpoint
    .split('/')
    .slice(2)
    .map((_segment, at, rest) => `/${rest.slice(at).join('/')}/`)
  return (url) => {
    if (url.startsWith(whole)) return url.slice(endpoint.length)
    const found = shortened.find((path) => url.startsWith(path))
    return found && url.slice(found.length - 1)
  }
}
