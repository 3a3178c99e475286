import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import type { ModelName } from './model-name.ts'
import { refusal, retryAfter } from './refusal.ts'
import type { HubSettings } from './settings.ts'

/** Attempts at a request that may succeed later. */
export const TRIES = 5

/** Milliseconds before the next attempt, after `failures` of them. */
export const backOff = (failures: number): number => 500 * 2 ** (failures - 1)

const TRANSIENT = new Set([408, 429, 500, 502, 503, 504])
const LONGEST_WAIT = 60_000

/**
 * A `fetch` for requests about a model. It retries what may succeed later, and resolves with
 * successes only: any other answer becomes a UserError that says what to do. The functions of
 * @huggingface/hub accept it in place of their own, which does neither.
 */
export function hubFetch(
  model: ModelName,
  hub: HubSettings,
  signal: AbortSignal | undefined,
): typeof fetch {
  const once = async (...[input, init]: Parameters<typeof fetch>): Promise<Response> => {
    const late = new AbortController()
    // An upload is answered only once all of it has arrived, however long that takes.
    const isRead = (init?.method ?? 'GET') === 'GET'
    const giveUp = () => late.abort(new Error(`no answer within ${hub.timeout} seconds`))
    const timer = isRead ? setTimeout(giveUp, 1000 * hub.timeout) : undefined
    const signals = [late.signal, signal, init?.signal].filter((one) => one != null)
    try {
      return await fetch(input, { ...init, signal: AbortSignal.any(signals) })
    } finally {
      clearTimeout(timer)
    }
  }
  return async (input, init) => {
    for (let failures = 1; ; failures++) {
      let wait = backOff(failures)
      try {
        const response = await once(input, init)
        if (response.ok) return response
        wait = retryAfter(response) ?? wait
        const isTransient = TRANSIENT.has(response.status) && wait <= LONGEST_WAIT
        if (!isTransient || failures === TRIES) throw await refusal(response, model, hub)
        await response.body?.cancel()
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof UserError || init?.signal?.aborted) throw error
        if (failures === TRIES) throw unreachable(error, new URL(String(input)).host)
      }
      await delay(wait, undefined, { signal })
    }
  }
}

const unreachable = (error: unknown, host: string): UserError =>
  new UserError(
    `${host} cannot be reached: ${reasonOf(error)}. Check the network, and HF_ENDPOINT if it is ` +
      'set. Downloaded files are kept; HF_HUB_OFFLINE=1 uses pulled models without a network',
    { cause: error },
  )

/** The reason of a failed request, which `fetch` reports only as the cause of its error. */
export const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error
    ? cause.message || String((cause as { code?: string }).code)
    : message
}
