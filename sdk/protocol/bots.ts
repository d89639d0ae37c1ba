/** Search engines and their like: they hold no session, and their owners do not want the requests. */
const BOT = /bot\b|crawl|spider|slurp|lighthouse/i

export const isBot = (userAgent: string): boolean => BOT.test(userAgent)
