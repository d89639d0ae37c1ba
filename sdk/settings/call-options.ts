/**
 * Options of a single call. Their values often come from a form, so a wrong one is a bad request and not a wrong configuration. Nothing is
 * converted: the text "on" of a check box is not `true`, and neither is "false".
 */
import { SessionHubError } from '../protocol/errors.js'

/** @throws SessionHubError `request_invalid` where the checks of options say `options_invalid` */
export function ofCall<Options>(read: () => Options): Options {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof SessionHubError) || error.code !== 'options_invalid') throw error
    throw new SessionHubError('request_invalid', error.message, { cause: error.cause })
  }
}
