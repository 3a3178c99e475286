import type { BatchSource } from '../data/readers/reader.ts'
import { UserError } from '../errors.ts'
import { RunEnd } from './run.ts'
import type { SessionOptions } from './session.ts'
import type { Trainer } from './trainer.ts'
import type { Progress } from './training-state.ts'

/** Ways to say how long to train. */
const LENGTHS = ['steps', 'epochs', 'seconds'] as const

/**
 * Updates of the whole training: as asked for, or as many as fit in the time, or the default. A
 * training that resumes keeps its number, unless it is asked for another length.
 */
export async function countSteps(
  { options, defaults, rows, events }: SessionOptions,
  trainer: Trainer,
  reader: BatchSource,
  tokens: number,
  resumed: Progress | undefined,
): Promise<number> {
  const { steps, epochs, seconds } = options
  const isAsSaved = LENGTHS.every((name) => options[name] === resumed?.options[name])
  const done = resumed?.step ?? 0
  if (resumed && isAsSaved) {
    if (done >= resumed.steps)
      events.onMessage?.(`all ${done} steps are done; a higher --steps trains further`)
    return resumed.steps
  }
  const spent = resumed?.seconds ?? 0
  const count = async () => {
    if (steps !== undefined) return steps
    if (epochs !== undefined) return Math.max(1, Math.ceil((epochs * rows.trainingTokens) / tokens))
    if (seconds === undefined) return defaults.steps
    const each = await timeStep(trainer, reader, { seconds, signal: events.signal })
    return done + Math.max(resumed ? 0 : 10, Math.floor((0.9 * (seconds - spent)) / each))
  }
  const total = await count()
  if (!resumed) return total
  if (total < done || (seconds ?? Infinity) <= spent)
    throw new UserError(
      `${done} steps in ${Math.round(spent)} seconds are done, and this asks for no more than ` +
        'that; give a greater length, or choose another --out',
    )
  events.onMessage?.(
    `${total} steps instead of ${resumed.steps}: the learning rate now follows a schedule ` +
      `of ${total}`,
  )
  return total
}

/** Timed steps, and the share of the time that they may take, unless one takes more. */
const ROUNDS = 5
const SHARE = 0.02

/** Seconds of a step, with its batch. Infinite where the first step will end the run. */
async function timeStep(
  trainer: Trainer,
  reader: BatchSource,
  { seconds, signal }: { seconds: number; signal: AbortSignal | undefined },
): Promise<number> {
  const state = reader.state()
  const rehearse = async () => trainer.rehearse(await reader.next({ signal }))
  try {
    await rehearse()
    const started = performance.now()
    const spent = () => (performance.now() - started) / 1000
    let rounds = 0
    while (rounds < ROUNDS && (rounds === 0 || spent() < SHARE * seconds)) {
      await rehearse()
      rounds++
    }
    return spent() / rounds
  } catch (error) {
    if (error instanceof RunEnd) return Infinity
    throw error
  } finally {
    reader.restore(state)
  }
}
