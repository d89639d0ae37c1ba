/** The address of a Redis server. */
import { wrong } from '../../../sdk/settings/refuse-unknown.js'

/**
 * Checks the address here, because the parser's own error contains the password.
 *
 * @throws SessionHubError `options_invalid`
 */
export function checkUrl(where: string, url: unknown): void {
  if (typeof url !== 'string' || !/^(rediss?|unix):\/\//.test(url))
    throw wrong(where, '"url" has to begin with redis://, rediss:// or unix://')
  if (!url.startsWith('unix:') && !URL.canParse(url))
    throw wrong(
      where,
      '"url" is no address of a server that can be used. A port is at most 65535; in a password, characters such as "/", "#" and "%" are percent-encoded',
    )
}
