/**
 * Search engines and similar bots: they hold no session, and site owners do not want the requests. Phones are named "Cubot Note" and "M bot
 * 60", so a bot's name is one word, followed by a version or nothing.
 */
export const BOT = /[^u\s]bot\b(?! )|\+http|crawl|spider|slurp|lighthouse/i
