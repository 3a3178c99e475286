import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { exportModel } from '../src/deploy/export-model.ts'
import { importModel } from '../src/deploy/import-model.ts'
import { openEngine } from '../src/runtime/open.ts'
import { train } from '../src/train/train.ts'
import { decoderIn } from '../test/open-model.ts'
import { compare, logitsOf } from './compare-logits.ts'
import { quantizeFile } from './ggml.ts'
import { type Llama, loadLlama } from './llama.ts'

const TEXT = new URL('../../shared/data/text/tinyshakespeare.txt', import.meta.url)

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
const engine = await openEngine({ engine: 'cpu', threads: 2 })
afterAll(async () => {
  await engine.dispose()
  await rm(folder, { recursive: true })
})

const found = loadLlama()
if (!found && process.env.CI === 'true') throw new Error('node-llama-cpp is not installed in peers')
const llama = found as Llama

describe.runIf(found)("llama.cpp's quantization of a model that has learned", async () => {
  const [model, gguf] = [join(folder, 'model'), join(folder, 'model.gguf')]
  // Read so often that it knows what comes next: a model in doubt takes either of two tokens. It is
  // wide enough for blocks of 256.
  const text = (await readFile(TEXT, 'utf8')).slice(0, 40_000)
  const data = join(folder, 'text.txt')
  await writeFile(data, text)
  await train({
    data: [data],
    out: model,
    tokenizer: 'bpe',
    vocab: 512,
    architecture: 'llama',
    val: 0,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    dim: 256,
    context: 64,
    batch: 16,
    steps: 500,
    lr: 2e-3,
  })
  await exportModel({ model, format: 'gguf', out: gguf })
  const { tokenizer } = await decoderIn(model)
  const all = tokenizer.encode(text)
  const pieces = Array.from({ length: 12 }, (_, i) => all.slice(1000 * i, 1000 * i + 60))

  /** `llama_ftype`; llama.cpp rounds what it multiplies with to 8 bits, and here it is float32. */
  it.each([
    ['Q4_0', 2],
    ['Q4_1', 3],
    ['Q8_0', 7],
    ['Q5_0', 8],
    ['Q5_1', 9],
    ['Q4_K_M', 15],
    ['Q5_K_M', 17],
    ['Q6_K', 18],
  ])('%s gives what llama.cpp gives', async (name, id) => {
    const [file, read] = [join(folder, `${name}.gguf`), join(folder, name)]
    quantizeFile(gguf, file, id)
    await importModel({ source: file, out: read })
    const theirs = llama.open(file)
    const [ours, others]: [Float32Array[], Float32Array[]] = [[], []]
    for (const ids of pieces) {
      ours.push(...(await logitsOf(engine, read, ids)))
      others.push(...theirs.logits(ids))
    }
    theirs.close()
    const { divergence, agreement } = compare(ours, others)
    console.log(`${name}: ${(100 * agreement).toFixed(1)} % alike, divergence ${divergence}`)
    expect(divergence).toBeLessThan(1e-3)
    expect(agreement).toBeGreaterThanOrEqual(0.99)
  })
})
