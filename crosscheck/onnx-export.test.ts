import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { exportOnnx } from '../src/deploy/onnx/export-onnx.ts'
import { readTokenizerAt } from '../src/text/tokenizer-folder.ts'
import { orSkip } from '../test/engines.ts'
import { folderOf } from '../test/model-folder.ts'
import { readLlama2c } from './llama2c.ts'
import { openTransformersJs } from './transformers-js.ts'

const MODELS = new URL('../../shared/data/models/', import.meta.url)
const peer = await orSkip('transformers.js', openTransformersJs())
const place = await mkdtemp(join(tmpdir(), 'chatwright-onnx-'))
afterAll(() => rm(place, { recursive: true }))

test.skipIf(!peer)(
  'transformers.js tells the story that llama2.c expects of its model',
  async () => {
    if (!peer) return
    const expected = await readFile(new URL('stories260K-greedy-200.txt', MODELS), 'utf8')
    const { decoder, weights } = await readLlama2c(new URL('stories260K.bin', MODELS))
    const { tokenizer } = await readTokenizerAt(fileURLToPath(new URL('tok512.bin', MODELS)))
    const out = join(place, 'stories')
    await exportOnnx(folderOf(decoder.config, weights, tokenizer), out)
    const generator = await peer.pipeline('text-generation', out)
    const ids = new peer.Tensor('int64', BigInt64Array.of(1n), [1, 1])
    const made = await generator.model.generate({
      input_ids: ids,
      max_new_tokens: 200,
      do_sample: false,
    })
    expect(tokenizer.decode(Array.from(made.data as BigInt64Array, Number))).toBe(expected)
    await generator.dispose()
  },
)
