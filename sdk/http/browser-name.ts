/** A browser in human words, for lists of sessions. */

type Names = readonly (readonly [pattern: RegExp, name: string])[]

/** Most browsers also name those they descend from, so the first that fits is it. */
const BROWSERS: Names = [
  [/\bEdg(A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/Chrom(e|ium)\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: Names = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMacintosh\b/, 'Mac'],
  [/\bLinux\b/, 'Linux'],
]

/**
 * Names a browser after what it says of itself, such as "Firefox on Linux". A guess, good enough to tell devices apart: anybody can
 * write anything into `User-Agent`, so escape it where it is shown.
 */
export function browserName(agent: string | null): string {
  if (!agent) return 'A browser that did not say which'
  const [browser, system] = [named(BROWSERS, agent), named(SYSTEMS, agent)]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? agent.slice(0, 60)
}

const named = (names: Names, agent: string) => names.find(([pattern]) => pattern.test(agent))?.[1]
