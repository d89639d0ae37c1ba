/** Guesses which picture a browser gets in the list of devices. */
export const isHandheld = (agent: string | null): boolean =>
  /\b(Mobile|Android|iPhone|iPad)\b/.test(agent ?? '')
