/**
 * Search engines and their like: they hold no session, and their owners do not want the requests. Phones are called
 * "Cubot Note" and "M bot 60": a bot's name is one word, with a version or nothing after it.
 */
export const BOT = /[^u\s]bot\b(?! )|\+http|crawl|spider|slurp|lighthouse/i
