import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findTorch } from '../bench/torch.ts'
import { agree } from './torch-agreement.ts'
import { ArchitecturePeer, checkArchitectures } from './torch-architecture.ts'
import { decoders } from './torch-cases/decoders.ts'
import { encoderDecoders } from './torch-cases/encoder-decoders.ts'
import { encoders } from './torch-cases/encoders.ts'
import { files } from './torch-cases/files.ts'

const torch = await findTorch()
if (!torch) console.warn('PyTorch was not found, so no architecture is compared with it')
const check = test.skipIf(!torch && !process.env.CI)
const installed = () => {
  if (!torch) throw new Error('install PyTorch (Debian: python3-torch) to compare with it')
  return torch
}

check('the references in PyTorch pass their own checks', async () => {
  expect(await checkArchitectures(installed())).toBeGreaterThan(60)
})

describe.each(
  Object.entries({
    'a decoder': decoders,
    'an encoder': encoders,
    'an encoder-decoder': encoderDecoders,
    'a config.json as others write it': files,
  }),
)('%s: outputs, attention weights, loss and every gradient are PyTorch’s', (_, cases) => {
  let peer: ArchitecturePeer | undefined
  beforeAll(() => {
    if (torch) peer = new ArchitecturePeer(torch)
  })
  afterAll(() => peer?.close())

  check.each(Object.entries(cases))('%s', async (_, example) => {
    await agree(peer ?? new ArchitecturePeer(installed()), example)
  })
})
