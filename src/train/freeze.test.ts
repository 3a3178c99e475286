import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFile } from '../files/node-file.ts'
import { readAdapterFolder } from '../formats/peft/adapter-folder.ts'
import { openSafetensors } from '../formats/safetensors/safetensors.ts'
import { tune } from '../tune/tune.ts'
import type { TrainOptions } from './options.ts'
import type { TrainEvents } from './session.ts'
import { train } from './train.ts'

let folder: string
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chatwright-freeze-'))
  await writeFile(path('text.txt'), 'the sky is blue, 雪是白的. user assistant\n'.repeat(60))
  await train(options('base', { steps: 4 }))
}, 60_000)
afterAll(() => rm(folder, { recursive: true }))

const run = { steps: 6, batch: 4, lr: 3e-3, evalEvery: 3, average: 0.5, threads: 2 }
const options = (out: string, own: Partial<TrainOptions> = {}): TrainOptions => ({
  data: [path('text.txt')],
  out: path(out),
  ...(own.model === undefined && {
    architecture: 'llama',
    tokenizer: 'char',
    layers: 2,
    heads: 2,
    dim: 16,
    context: 16,
  }),
  ...run,
  ...own,
})

/** The tensors of a folder's file, as text, so that they compare as a whole. */
async function weights(file: string): Promise<Record<string, string>> {
  const opened = await openSafetensors(await openFile(path(file)), file)
  const read: Record<string, string> = {}
  for (const name of opened.tensors.keys()) read[name] = (await opened.readFloat32(name)).join()
  await opened.close()
  return read
}

/** Runs up to step `until`; the losses of its steps. */
async function losses(given: TrainOptions, until = Number.POSITIVE_INFINITY) {
  const stop = new AbortController()
  const losses: number[] = []
  const events: TrainEvents = {
    signal: stop.signal,
    onMetrics: ({ step, loss }) => {
      if (loss !== undefined) losses.push(loss)
      if (step >= until) stop.abort()
    },
  }
  const { parameters } = await train(given, events)
  return { losses, parameters }
}

test('a model trained further keeps what is frozen, also when the run resumes', async () => {
  const freeze = ['model.embed*', 'model.layers.0.*']
  const own = { model: path('base'), freeze }
  const whole = await losses(options('whole', own))
  const first = await losses(options('cut', own), 4)
  const second = await losses(options('cut', { ...own, resume: true }))
  expect([...first.losses, ...second.losses]).toEqual(whole.losses)
  const [base, result, resumed, average] = await Promise.all(
    ['base', 'whole', 'cut', 'whole/average'].map((out) => weights(`${out}/model.safetensors`)),
  )
  expect(resumed).toEqual(result)
  const changed = Object.keys(base ?? {}).filter((name) => result?.[name] !== base?.[name])
  expect(changed.length).toBeGreaterThan(5)
  for (const name of Object.keys(base ?? {})) {
    const isLearned = /layers\.1\.|^model\.norm|^lm_head/.test(name)
    expect(changed.includes(name), name).toBe(isLearned)
    if (!isLearned) expect(average?.[name]).toBe(base?.[name])
  }
  // Frozen parameters lie in a checkpoint once, those that are learned with their state.
  const state = Object.keys(await weights('cut/checkpoints/step-6/training_state.safetensors'))
  const kindsOf = (end: string) =>
    state.filter((name) => name.endsWith(end)).map((name) => name.split('/')[0])
  expect(kindsOf('layers.0.self_attn.q_proj.weight')).toEqual(['frozen'])
  expect(kindsOf('layers.1.self_attn.q_proj.weight').sort()).toEqual(
    ['average', 'mean', 'parameters', 'square'].sort(),
  )
  await expect(
    train(options('cut', { ...own, freeze: ['model.embed*'], steps: 9, resume: true })),
  ).rejects.toThrow('--freeze: model.embed* model.layers.0.* before, model.embed* now')
})

test('a pattern that matches nothing is refused before any work', async () => {
  await expect(train(options('wrong', { learn: ['norm'] }))).rejects.toThrow(
    /^--learn norm matches no parameter; give one of .*model\.layers\.\*\.input_layernorm\.weight/,
  )
  const { parameters } = await losses(options('norms', { learn: ['*norm*'] }))
  expect(parameters).toBe(5 * 16)
})

test('with recomputed layers a run learns the same, and may change its mind', async () => {
  const own = { dropout: 0.1 }
  const kept = await losses(options('kept', own))
  const first = await losses(options('recomputed', { ...own, recompute: true }), 4)
  const messages: string[] = []
  const rest: number[] = []
  await train(options('recomputed', { ...own, resume: true }), {
    onMessage: (message) => messages.push(message),
    onMetrics: ({ loss }) => loss !== undefined && rest.push(loss),
  })
  for (const [i, loss] of [...first.losses, ...rest].entries())
    expect(loss).toBeCloseTo(kept.losses[i] as number, 5)
  expect(messages).toContain('resuming with other options: --recompute: true before, false now')
})

test('of an adapter, one of its two matrices can be frozen', async () => {
  const record = { instruction: 'the sky', output: 'blue' }
  await writeFile(path('chat.jsonl'), `${JSON.stringify(record)}\n`.repeat(8))
  const given = { model: path('base'), data: [path('chat.jsonl')], val: 0, ...run, context: 64 }
  const adapter = { adapter: 'lora', seed: 3, recompute: true } as const
  await tune({ ...given, ...adapter, out: path('both') })
  await tune({ ...given, ...adapter, out: path('up'), freeze: ['*.lora_A.*'] })
  await tune({ ...given, ...adapter, out: path('first'), steps: 1, lr: 1e-30 })
  const [both, up, first] = await Promise.all(
    ['both', 'up', 'first'].map((out) => readAdapterFolder(path(out))),
  )
  for (const [module, { down, up: learned }] of up?.adapter.updates ?? []) {
    const [all, start] = [both?.adapter.updates.get(module), first?.adapter.updates.get(module)]
    expect(down).toEqual(start?.down)
    expect(all?.down).not.toEqual(start?.down)
    expect(learned).not.toEqual(start?.up)
  }
  expect(up?.adapter.updates.size).toBeGreaterThan(6)
})
