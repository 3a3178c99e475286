import { readFile } from 'node:fs/promises'
import { type BatchReader, batchReader } from '../src/data/readers/reader.ts'
import { openFile } from '../src/files/node-file.ts'
import { openSafetensors } from '../src/formats/safetensors/safetensors.ts'
import { Decoder } from '../src/models/decoder.ts'
import type { Engine } from '../src/runtime/engine.ts'
import { peakMemory } from '../src/runtime/memory.ts'
import { openEngine } from '../src/runtime/open.ts'
import { measurePeak } from '../src/runtime/peak.ts'
import { adamW } from '../src/train/optimizers/index.ts'
import { Trainer } from '../src/train/trainer.ts'
import { profiled } from './profiled-engine.ts'
import { configOf, type OwnResult, type OwnTask, type TrainingTask } from './training-task.ts'

/** Our side of `bench train`: prints one JSON line, as the peer does. */
async function main({ profile, ...task }: OwnTask): Promise<OwnResult> {
  const own = await openEngine({ engine: 'cpu', threads: task.threads })
  const trainer = await createTrainer(profile ? profiled(own, profile) : own, task)
  const batches = await openBatches(task)
  const [losses, times]: [number[], number[]] = [[], []]
  for (let step = 0; step < task.warmup + task.steps; step++) {
    const batch = batches.next()
    const start = performance.now()
    const { loss } = await trainer.next(batch, task.rate)
    losses.push(loss)
    if (step >= task.warmup) times.push(performance.now() - start)
  }
  await trainer.dispose()
  const result = { losses, times, peakMemory: peakMemory() }
  return { ...result, peakRate: await measurePeak(own) }
}

async function createTrainer(engine: Engine, task: TrainingTask): Promise<Trainer> {
  const trainer = await Trainer.create({
    engine,
    model: new Decoder(configOf(task)),
    batch: task.batch,
    length: task.context,
    optimizer: adamW({ beta1: 0.9, beta2: 0.99 }),
    weightDecay: 0.1,
    clip: { by: 'norm', limit: 1 },
    seed: 0,
  })
  const weights = await openSafetensors(await openFile(task.weights), task.weights)
  for (const [name, { data }] of Object.entries(trainer.parameters))
    await weights.readFloat32(name, data as Float32Array)
  await weights.close()
  return trainer
}

/** The batches of the file, in turn and over again. */
async function openBatches({ batches, batch, context }: TrainingTask): Promise<BatchReader> {
  const bytes = await readFile(batches)
  const tokens = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  let position = 0
  const read = (row: Int32Array) => {
    row.set(tokens.subarray(position, position + row.length))
    position = (position + row.length) % tokens.length
  }
  const rows = { read, state: () => position, restore: () => {} }
  return batchReader(rows, { rows: batch, length: context })
}

console.log(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '{}'))))
