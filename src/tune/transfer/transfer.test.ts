import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Listed, old, reviews, useTransfer } from '../../../test/tiny-transfer.ts'
import type { TransferOptions } from './options.ts'
import type { TransferResult } from './transfer.ts'

const { path, measure } = useTransfer()

test('a transfer that is stopped goes on to the same result', async () => {
  // A length of its own takes the place of --steps.
  const task = { ...reviews, options: { epochs: 1 } }
  const whole = await measure('whole', [task])
  const stop = new AbortController()
  const onMetrics = ({ step }: { step?: number }) => step === 3 && stop.abort(new Error('stopped'))
  const stopped = measure('stopped', [task], {}, { signal: stop.signal, onMetrics })
  await expect(stopped).rejects.toThrow(/^stopped$/)
  const resumed = await measure('stopped', [task])
  const scores = ({ matrices }: TransferResult) => matrices[0]?.cells.map(({ score }) => score)
  expect(scores(resumed)).toEqual(scores(whole))
  const [cell] = whole.matrices[0]?.cells ?? []
  const model = (result: TransferResult) => {
    const [scratch] = result.matrices[0]?.cells ?? []
    return readFile(join(scratch?.evaluations[0] as string, '../../model/model.safetensors'))
  }
  expect(cell?.source).toBe('scratch')
  expect((await model(resumed)).equals(await model(whole))).toBe(true)
})

test.each([
  [[{ ...reviews, name: 'base' }], {}, 'a task is named base, as a row of every matrix is'],
  [[reviews, reviews], {}, 'two tasks are named reviews; rename one'],
  [[old], {}, 'there is no task to learn: all of them are "known"'],
  [[{ ...reviews, options: { seed: 2 } }], {}, 'has the option seed, which transfer sets itself'],
  [
    [{ ...reviews, options: { documents: 'whole' } }],
    {},
    '--documents does not apply to the task classify',
  ],
  [[{ ...reviews, task: 'mlm' }], {}, 'task mlm trains encoders, and this model is of the kind'],
  [[{ ...reviews, data: 'none.jsonl' }], {}, 'none.jsonl: there is no such file or folder'],
  [[reviews], { replayShare: 0.2 }, '--replay-share 0.2 changes nothing'],
  [[reviews], { strategy: ['replay'] }, '"known": true, "task": "classify", with its "data"'],
  [
    [{ ...old, known: false }],
    { strategy: ['feature-extraction'] },
    'learns a head alone, and the task old (lm) has none',
  ],
  [
    [reviews],
    { strategy: ['gradual-unfreezing'], steps: 2 },
    '--strategy gradual-unfreezing has 3 stages, and --steps 2 are fewer',
  ],
  [
    [{ ...reviews, options: { dropout: 0.1 } }],
    { vary: ['dropout'] },
    'the task reviews sets dropout, which --vary varies',
  ],
  [
    [reviews],
    { vary: ['weight-decay'], weightDecay: 0 },
    '--weight-decay 0 is the variant without',
  ],
] as [Listed[], Partial<TransferOptions>, string][])(
  'refuses before any work: %j %j',
  async (tasks, options, message) => {
    await expect(measure('refused', tasks, options)).rejects.toThrow(message)
    await expect(readFile(path('refused/transfer.json'))).rejects.toThrow('ENOENT')
  },
)
