import { UserError } from '../errors.ts'
import type { ModelName } from './model-name.ts'
import type { HubSettings } from './settings.ts'

/** A refused request; the message says why and what to do. */
export class HubRefusal extends UserError {
  override name = 'HubRefusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/**
 * Explains a response that is not a success. The Hub gives the reason in headers, and answers for a
 * model that one may not see as if it did not exist:
 * https://huggingface.co/docs/huggingface_hub/package_reference/utilities.
 */
export async function refusal(
  response: Response,
  { name, revision }: ModelName,
  { endpoint, token }: HubSettings,
): Promise<HubRefusal> {
  const { status, headers } = response
  const code = headers.get('x-error-code') ?? ''
  const reason = printable(headers.get('x-error-message') ?? (await errorIn(response)), token)
  const page = `${endpoint}/${name}`
  const said = reason ? ` (${reason})` : ''
  const minutes = Math.ceil((retryAfter(response) ?? 300_000) / 60_000)
  const explain = (text: string) => new HubRefusal(status, text + said)
  if (status === 401 && /invalid .*(token|credentials)/i.test(reason))
    return explain(
      `the Hub does not know the token given for ${name}: ` +
        `make another at ${endpoint}/settings/tokens and set HF_TOKEN to it`,
    )
  if (code === 'GatedRepo')
    return explain(
      `${name} is gated: accept its license at ${page}, ` +
        'and set HF_TOKEN to a token of the same account',
    )
  if (code === 'RevisionNotFound')
    return explain(`${name} has no revision '${revision}': its branches and tags are at ${page}`)
  if (status === 404 || status === 401 || code === 'RepoNotFound')
    return explain(
      token
        ? `there is no model ${name} on the Hub, or it is private and the token may not read it: ` +
            `check the spelling at ${page}`
        : `there is no model ${name} on the Hub, or it is private: ` +
            `check the spelling at ${page}; ` +
            'for a private one set HF_TOKEN to a token of its owner',
    )
  if (status === 403)
    return explain(
      `the Hub does not allow this with ${name}: set HF_TOKEN to a token that may, ` +
        `from ${endpoint}/settings/tokens; to push it needs the right to write`,
    )
  if (status === 429)
    return explain(
      `too many requests to the Hub: run again in ${minutes} minutes; ` +
        'what was downloaded is kept. HF_TOKEN raises the limit',
    )
  if (status >= 500)
    return explain(
      `the Hub has a fault (status ${status}): run again later; what was downloaded is kept`,
    )
  return explain(`the Hub refused a request about ${name} (status ${status})`)
}

/** Milliseconds that a response asks to wait; undefined if it does not. */
export function retryAfter({ headers }: Response): number | undefined {
  const after = headers.get('retry-after') ?? /\bt=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]
  if (after === undefined) return undefined
  const milliseconds = /^\d+$/.test(after) ? 1000 * Number(after) : Date.parse(after) - Date.now()
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds)
}

async function errorIn(response: Response): Promise<string> {
  try {
    const { error, message } = (await response.json()) as { error?: unknown; message?: unknown }
    return String(error ?? message ?? '')
  } catch {
    return ''
  }
}

/** The server's text as one line, without control characters and without the token. */
const printable = (text: string, token = '\0'): string =>
  text
    .replaceAll(token, 'hf_***')
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 300)
