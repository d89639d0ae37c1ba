/** Describes a browser in words that people understand, for lists of sessions. */

type Names = readonly (readonly [pattern: RegExp, name: string])[]

/** Most browsers also name those that they descend from, so the first match counts. */
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
 * Names a browser by its own description, such as "Firefox on Linux". It is a guess, good enough to tell devices apart. A client can send any
 * text as `User-Agent`, so escape the name where you show it.
 */
export function browserName(agent: string | null): string {
  if (!agent) return 'A browser that did not say which'
  const [browser, system] = [named(BROWSERS, agent), named(SYSTEMS, agent)]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? agent.slice(0, 60)
}

const named = (names: Names, agent: string) => names.find(([pattern]) => pattern.test(agent))?.[1]
