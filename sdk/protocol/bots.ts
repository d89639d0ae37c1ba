/**
 * Search engines and similar bots: they hold no session, and site owners do not want the requests. A bot's name is one word, followed by a
 * version or nothing, because phones are named "Cubot Note" and "M bot 60".
 */
export const BOT = /[^u\s]bot\b(?! )|\+http|crawl|spider|slurp|lighthouse/i
