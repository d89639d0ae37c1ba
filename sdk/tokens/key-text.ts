/** Keys as text out of an environment, whose readers keep quotes and lose line ends. */

/** Without the one pair of quotes around all of it: `docker run --env-file` keeps those that a shell takes away. */
export const withoutQuotes = (text: string): string => /^\s*(['"])(.*)\1\s*$/s.exec(text)?.[2] ?? text

/** A PEM with its line ends again, where they were written out (`\n`), became spaces, or are gone. Base64 has none of these characters. */
export const mendPem = (text: string): string =>
  withoutQuotes(text)
    .replace(/\\+[rn]/g, '\n')
    .replace(
      /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g,
      (_block, label: string, base64: string) =>
        [`-----BEGIN ${label}-----`, ...linesOf(base64), `-----END ${label}-----`, ''].join('\n'),
    )

const linesOf = (base64: string) => base64.replace(/\s/g, '').match(/.{1,64}/g) ?? []
