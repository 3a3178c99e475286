import { expect } from 'vitest'
import type { Architecture } from '../src/formats/huggingface/architecture.ts'
import { architectureOf, readConfig, writeConfig } from '../src/formats/huggingface/config.ts'
import { exportTensors } from '../src/formats/huggingface/weights.ts'
import { grad, type Tensor } from '../src/graph/index.ts'
import { createModel, type Model, type ModelConfig } from '../src/models/model.ts'
import type { Tap } from '../src/nn/index.ts'
import { evaluate, type Feeds } from '../test/interpreter/evaluate.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'
import type { ArchitecturePeer, ArchitectureTensor } from './torch-architecture.ts'
import { taskOf } from './torch-tasks/index.ts'
import type { Given, Task } from './torch-tasks/task.ts'

/** `model_type` that config.json must have, the model, and what the case has besides. */
export type Case = readonly [modelType: string, config: ModelConfig, given?: Given]

/** Greatest difference, as a share of a tensor's greatest value: constants here are float32. */
const TOLERANCE = 2e-6

/** A gradient below this is as good as none; differences from it count as shares of this. */
const SMALLEST = 1e-2

/**
 * Outputs, attention weights, loss and the gradient of every parameter are the same here, in the
 * float64 interpreter, and in PyTorch, which reads the config.json and the weights that are written
 * here.
 */
export async function agree(peer: ArchitecturePeer, [modelType, config, given = {}]: Case) {
  const { file = { ...writeConfig(config, {}), ...given.fields } } = given
  const { architecture } = given.file
    ? readConfig(given.file)
    : { architecture: architectureOf(config) }
  const model = createModel(config)
  expect(architecture.modelType).toBe(modelType)
  const weights = tinyWeights(model)
  const attention = new Map<string, Tensor>()
  // Of the graphs that a task makes of the model, its outputs' is the last.
  const tap: Tap = (path, value) => {
    if (path.endsWith('_attn.weights')) attention.set(path, value)
    return value
  }
  for (const module of model.modules().values()) module.taps.add(tap)
  const task = taskOf(model, given)
  for (const module of model.modules().values()) module.taps.delete(tap)
  // Vectors are compared in pairs, which the peer reads one after the other.
  const isPaired = 'embedding' in task.outputs
  const outputs = isPaired ? task.outputs : { ...task.outputs, ...numbered(attention, task) }
  const theirs = await peer.run({
    ...task.peer,
    architecture: modelType === 't5' && given.sources ? 'fid' : modelType,
    config: file,
    weights: exportTensors(architecture, model, (name) => weights[name] as Float32Array),
    want: [
      ...(Object.keys(task.outputs) as 'logits'[]),
      'loss',
      ...(isPaired ? [] : (['attention'] as const)),
    ],
    labelSmoothing: given.labelSmoothing,
    gradients: true,
    dtype: 'float64',
  })
  theirs.delete('aux_loss')

  const ours = await computed(model, architecture, { ...task, outputs }, weights)
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort())
  for (const [name, values] of ours) {
    const rows = outputs[name]?.rows
    expect(difference(values, theirs.get(name), rows), name).toBeLessThan(TOLERANCE)
  }
}

/**
 * Attention weights of each layer, (B, H, T, S), in the order of computation. Where there is
 * padding its queries do not count, which may see nothing but padding.
 */
function numbered(attention: ReadonlyMap<string, Tensor>, { feeds }: Task): Task['outputs'] {
  const named = [...attention].map(([path, tensor], i) => {
    const isDecoder = path.startsWith('model.decoder')
    const heads = Array.from({ length: tensor.shape[1] as number })
    const mask = isDecoder ? undefined : (feeds.mask as number[][] | undefined)
    const rows = mask?.flatMap((row) => heads.flatMap(() => row))
    return [`attention.${i}`, { tensor, rows }] as const
  })
  return Object.fromEntries(named)
}

/**
 * Our outputs, the loss, and gradients as `grad.NAME`, under the names of the architecture's file.
 */
async function computed(
  model: Model,
  architecture: Architecture,
  { objective, outputs, feeds }: Task,
  weights: Record<string, Float32Array>,
): Promise<Map<string, Float64Array>> {
  const parameters = [...model.parameters()]
  const values = parameters.map(([name, { shape }]) => {
    return [name, { shape, values: weights[name] as Float32Array }] as const
  })
  const given = Object.entries(feeds).map(([name, rows]) => {
    const shape = objective.inputs[name]?.shape ?? [rows.length, [rows[0]].flat().length]
    return [name, { shape: shape as number[], values: rows.flat() }] as const
  })
  const tensors = parameters.map(([, { tensor }]) => tensor)
  const wanted = Object.values(outputs).map(({ tensor }) => tensor)
  const results = evaluate(
    [...wanted, objective.loss, ...grad(objective.loss, tensors)],
    Object.fromEntries([...values, ...given]) satisfies Feeds,
  ).map(({ data }) => data)

  const names = [...Object.keys(outputs), 'loss']
  const found = new Map(names.map((name, i) => [name, Float64Array.from(results[i] ?? [])]))
  const gradients = new Map(parameters.map(([name], i) => [name, results[names.length + i]]))
  const files = exportTensors(asStored(architecture), model, (name) =>
    Float32Array.from(gradients.get(name) ?? []),
  )
  for (const { name, data } of files)
    found.set(`grad.${name}`, Float64Array.from(await (data as () => Promise<Float32Array>)()))
  return found
}

/**
 * An architecture whose files hold parameters as they are, nothing added: so it is with gradients.
 */
const asStored = (architecture: Architecture): Architecture => ({
  ...architecture,
  renames: (head, config) =>
    architecture
      .renames(head, config)
      .map(({ file, ours, transposed }) => ({ file, ours, transposed })),
})

/** Greatest difference of the rows that mean something, as a share of the greatest value there. */
function difference(
  ours: Float64Array,
  theirs: ArchitectureTensor | undefined,
  rows: readonly number[] = [1],
): number {
  const expected = theirs?.data ?? new Float64Array()
  if (ours.length !== expected.length) return Number.POSITIVE_INFINITY
  const width = expected.length / rows.length
  let [greatest, apart] = [SMALLEST, 0]
  for (const [i, x] of expected.entries()) {
    if (!rows[Math.floor(i / width)]) continue
    greatest = Math.max(greatest, Math.abs(x))
    apart = Math.max(apart, Math.abs(x - (ours[i] ?? Number.NaN)))
  }
  return apart / greatest
}
