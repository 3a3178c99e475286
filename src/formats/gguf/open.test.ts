import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { openModelOf } from '../../../test/open-model.ts'
import { tinyConfigs, tinyWeights } from '../../../test/tiny-decoder.ts'
import { openFile } from '../../files/node-file.ts'
import { load } from '../../generate/load.ts'
import { Decoder } from '../../models/decoder.ts'
import type { DecoderConfig } from '../../models/decoder-config.ts'
import { openEngine } from '../../runtime/open.ts'
import { trainCharTokenizer } from '../../text/char.ts'
import { readHeader } from './header.ts'
import { writeGguf } from './write.ts'

vi.mock('../../files/node-file.ts', async (actual) => {
  const files = await actual<typeof import('../../files/node-file.ts')>()
  return { ...files, openFile: vi.fn(files.openFile) }
})
vi.mock('./header.ts', async (actual) => {
  const header = await actual<typeof import('./header.ts')>()
  return { ...header, readHeader: vi.fn(header.readHeader) }
})

const folder = await mkdtemp(join(tmpdir(), 'chatwright-'))
afterAll(() => rm(folder, { recursive: true }))

test.each(['f32', 'q8_0'] as const)(
  'a file of %s is opened and parsed once, and closed',
  async (dtype) => {
    const path = join(folder, `${dtype}.gguf`)
    const config = tinyConfigs.Llama as DecoderConfig
    const tokenizer = await trainCharTokenizer(['abcdefgh'])
    const weights = tinyWeights(new Decoder(config))
    await writeGguf(openModelOf(config, weights, tokenizer), path, { dtype })
    vi.clearAllMocks()
    const engine = await openEngine({ engine: 'cpu', threads: 1 })
    const model = await load(path, { engine })
    expect(openFile).toHaveBeenCalledTimes(1)
    expect(openFile).toHaveBeenCalledWith(path)
    expect(readHeader).toHaveBeenCalledTimes(1)
    const source = await vi.mocked(openFile).mock.results[0]?.value
    await expect(source.read(0, 4)).rejects.toThrow('closed')
    await model.dispose()
    await engine.dispose()
  },
)
