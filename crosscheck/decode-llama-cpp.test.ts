import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type DecodeAnswer, promptIds } from '../bench/decode-task.ts'
import { decoderGguf } from '../bench/gguf.ts'
import { findLlamaCpp, startLlamaCpp } from '../bench/peers.ts'
import { writeFile } from '../src/files/node-file.ts'
import { encodeGguf } from '../src/formats/gguf/encode.ts'
import { DecodeProgram } from '../src/generate/decode-program.ts'
import { Decoding } from '../src/generate/decoding.ts'
import { greedy } from '../src/generate/sampling/sampler.ts'
import { Decoder } from '../src/models/decoder.ts'
import { gpt2Config, llamaConfig } from '../src/models/decoder-config.ts'
import { openEngine } from '../src/runtime/open.ts'
import { tinyWeights } from '../test/tiny-decoder.ts'

const engine = await openEngine({ engine: 'cpu', threads: 2 })
const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
const version = await findLlamaCpp()
if (!version && process.env.CI === 'true')
  throw new Error('node-llama-cpp is not installed in peers')
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const sizes = { vocabSize: 640, context: 512, layers: 3, dim: 128, heads: 4 }
const configs = {
  'GPT-2': gpt2Config(sizes),
  Llama: llamaConfig({ ...sizes, kvHeads: 2, ropeTheta: 5000 }),
}

describe.runIf(version)('llama.cpp with the same weights', () => {
  it.each(Object.entries(configs))('%s: generates the same tokens', async (name, config) => {
    const decoder = new Decoder(config)
    const weights = tinyWeights(decoder)
    const file = join(folder, `${name}.gguf`)
    await writeFile(
      file,
      encodeGguf(decoderGguf(decoder, (parameter) => weights[parameter] as Float32Array)),
    )
    const [prompt, steps] = [20, 60]
    const worker = await startLlamaCpp(file, 1)
    const request = { kind: 'decode', batch: 1, prompt, steps }
    const [ids] = (await worker.ask<DecodeAnswer>(request)).ids as [number[]]
    worker.stop()

    const program = await DecodeProgram.create(engine, decoder, { packed: weights })
    const decoding = Decoding.create(program, { sequences: 1, capacity: 128 })
    await decoding.read(0, promptIds(prompt - 1))
    // What llama.cpp chose is read on, so that one near tie does not part the two for good.
    const choices: number[] = []
    const gaps: number[] = []
    for (const id of [299 + prompt, ...ids.slice(0, -1)]) {
      const [logits] = (await decoding.step(Int32Array.of(id))) as [Float32Array]
      const theirs = ids[choices.length] as number
      choices.push(greedy(logits))
      gaps.push((logits[choices.at(-1) as number] as number) - (logits[theirs] as number))
    }
    // Its cache is in half precision: it may prefer a token that is less likely by so much.
    expect(Math.max(...gaps)).toBeLessThan(0.02)
    expect(choices.filter((id, i) => id === ids[i]).length).toBeGreaterThan(0.95 * steps)
    expect(new Set(ids).size).toBeGreaterThan(15)
    decoding.dispose()
    program.dispose()
  })
})
