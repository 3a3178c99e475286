import { setTimeout as delay } from 'node:timers/promises'
import { UserError } from '../errors.ts'
import type { ModelName } from './model-name.ts'
import { refusal, retryAfter } from './refusal.ts'
import type { HubSettings } from './settings.ts'

/** How often something is tried that may go better the next time. */
export const TRIES = 5

/** Milliseconds before the next try, after `failures` of them. */
export const backOff = (failures: number): number => 500 * 2 ** (failures - 1)

const PASSING = new Set([408, 429, 500, 502, 503, 504])
const LONGEST_WAIT = 60_000

/**
 * A `fetch` for requests about a model. It tries again where the network or the server may recover,
 * and resolves with successes only: all else is thrown as a UserError that says what to do. The
 * functions of @huggingface/hub take it in place of their own, which does neither.
 */
export function hubFetch(
  model: ModelName,
  hub: HubSettings,
  signal: AbortSignal | undefined,
): typeof fetch {
  const once = async (...[input, init]: Parameters<typeof fetch>): Promise<Response> => {
    const late = new AbortController()
    // An upload is answered once all of it has arrived, however long that takes.
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
        const isPassing = PASSING.has(response.status) && wait <= LONGEST_WAIT
        if (!isPassing || failures === TRIES) throw await refusal(response, model, hub)
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
    `${host} cannot be reached: ${reasonOf(error)}. Check the network, and HF_ENDPOINT if it is set; what was downloaded is kept, and with HF_HUB_OFFLINE=1 a model that was pulled is used without a network`,
    { cause: error },
  )

/** What went wrong on the network, of which `fetch` tells only in the cause of its error. */
export const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error
  return cause instanceof Error
    ? cause.message || String((cause as { code?: string }).code)
    : message
}
