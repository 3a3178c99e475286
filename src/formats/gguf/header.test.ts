import { describe, expect, it } from 'vitest'
import { type GgufField, ggufFile, MAGIC } from '../../../test/gguf.ts'
import { bytesSource } from '../../files/byte-source.ts'
import { openGguf } from './gguf.ts'

const byte = (value: number) => Uint8Array.of(value)

/** A file with one pair of metadata: a key, then the fields of its value. */
const withValue = (...fields: GgufField[]) => ggufFile(MAGIC, 3, 0n, 1n, 'k', ...fields)

/** A file with one tensor of these fields, and `data` bytes for it. */
const withTensor = (fields: GgufField[], data = 32) =>
  ggufFile(MAGIC, 3, 1n, 0n, ...fields, { align: 32 }, new Uint8Array(data))

const withAlignment = (...value: GgufField[]) =>
  ggufFile(MAGIC, 3, 0n, 1n, 'general.alignment', ...value)

/** Two tensors of 8 floats at these offsets, with as much data as the largest of them asks for. */
const withOffsets = (a: bigint, b: bigint, names = ['a', 'b'], size = 8n) => {
  const [first = '', second = ''] = names
  const data = new Uint8Array(Number(a > b ? a : b) + 32)
  const infos = [first, 1, 8n, 0, a, second, 1, size, 0, b]
  return ggufFile(MAGIC, 3, 2n, 0n, ...infos, { align: 32 }, data)
}

const HUGE = 2n ** 62n

describe('a damaged file is refused with the field at fault', () => {
  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'the magic number "GGUF" ends at byte 4 of a file of 0'],
    ['text', new TextEncoder().encode('version https://git-lfs'), 'starts with "vers", not "GGUF"'],
    ['version 1', ggufFile(MAGIC, 1, 0n, 0n), 'is version 1; versions 2 and 3 are read'],
    ['version 4', ggufFile(MAGIC, 4, 0n, 0n), 'is version 4'],
    ['big-endian', ggufFile(MAGIC, 0x03000000, 0n, 0n), 'is big-endian'],
    ['no counts', ggufFile(MAGIC, 3, 0n), 'the number of metadata pairs ends at byte 24'],
    [
      'many tensors',
      ggufFile(MAGIC, 3, 2n ** 40n, 0n),
      'the number of tensors is 1099511627776, but only 8 bytes follow',
    ],
    [
      'many pairs',
      ggufFile(MAGIC, 3, 0n, 2n ** 40n),
      'the number of metadata pairs is 1099511627776',
    ],
    ['absurdly many', ggufFile(MAGIC, 3, 2n ** 63n, 0n), 'is 9223372036854775808, larger than any'],

    [
      'a long key',
      ggufFile(MAGIC, 3, 0n, 1n, 99n, 'abc'),
      'metadata key 0: length is 99, but only',
    ],
    ['an empty key', ggufFile(MAGIC, 3, 0n, 1n, '', 4, 1), 'metadata key 0 is empty'],
    [
      'a key twice',
      ggufFile(MAGIC, 3, 0n, 2n, 'k', 4, 1, 'k', 4, 1),
      'metadata "k" is there twice',
    ],
    ['a key of bytes', ggufFile(MAGIC, 3, 0n, 1n, 1n, byte(0xff), 4, 1), 'key 0 is not UTF-8'],
    [
      'a key of a page',
      ggufFile(MAGIC, 3, 0n, 1n, 'k'.repeat(999), 13),
      `metadata "${'k'.repeat(80)}…" is of type 13`,
    ],
    ['an unknown type', withValue(13, 0), 'metadata "k" is of type 13; types are 0 to 12'],
    ['an unknown type of items', withValue(9, 13, 0n), 'metadata "k" is of type 13'],
    ['a value cut short', withValue(6, byte(0)), 'metadata "k" ends at byte 41 of a file of 38'],
    ['a bool of 2', withValue(7, byte(2)), 'metadata "k" is 2; a bool is 0 or 1'],
    ['a string of bytes', withValue(8, 2n, Uint8Array.of(0xc3, 0x28)), 'metadata "k" is not UTF-8'],
    ['a surrogate', withValue(8, 3n, Uint8Array.of(0xed, 0xa0, 0x80)), 'metadata "k" is not UTF-8'],
    ['a long string', withValue(8, HUGE), 'is 4611686018427387904, larger than any file'],
    ['many strings', withValue(9, 8, 2n ** 50n), 'metadata "k": length is 1125899906842624, but'],
    [
      'many numbers',
      withValue(9, 12, 2n, 1n),
      'metadata "k": length is 2, but only 8 bytes follow',
    ],
    [
      'many bools',
      withValue(9, 7, 2n ** 22n + 1n, new Uint8Array(2 ** 22 + 1)),
      'metadata "k": the header has more strings and values than any model',
    ],
    [
      'many arrays',
      withValue(9, 9, 2n ** 18n + 1n, new Uint8Array(12 * 2 ** 18 + 12)),
      'metadata "k": the header has more strings and values than any model',
    ],
    [
      'more tensors than in any model',
      ggufFile(MAGIC, 3, 2n ** 18n + 1n, 0n, new Uint8Array(24 * 2 ** 18 + 24)),
      'the number of tensors or pairs: the header has more',
    ],
    [
      'arrays in arrays',
      withValue(9, 9, 1n, 9, 1n, 9, 1n, 9, 1n, 0, 0n, new Uint8Array(64)),
      'metadata "k": arrays are nested in each other more than 4 deep',
    ],

    ['an alignment of 0', withAlignment(4, 0), '"general.alignment" is uint32 0; expected a power'],
    ['an alignment of 48', withAlignment(4, 48), '"general.alignment" is uint32 48'],
    ['an alignment of text', withAlignment(8, '32'), '"general.alignment" is string 32'],
    ['an alignment that is wide', withAlignment(10, 32n), '"general.alignment" is uint64 32'],
    ['alignments', withAlignment(9, 4, 1n, 32), '"general.alignment" is array'],

    ['a tensor twice', withOffsets(0n, 32n, ['a', 'a']), 'tensor "a" is there twice'],
    [
      'five dimensions',
      withTensor(['w', 5, 1n, 1n, 1n, 1n, 1n, 0, 0n]),
      'tensor "w" has 5 dimensions; expected at most 4',
    ],
    [
      'many dimensions',
      withTensor(['w', 2 ** 32 - 1, 1n, 0, 0n]),
      'tensor "w" has 4294967295 dimensions',
    ],
    [
      'a negative dimension',
      withTensor(['w', 1, 2n ** 64n - 1n, 0, 0n]),
      'tensor "w": dimension 0 is 18446744073709551615, larger than any file',
    ],
    [
      'a product that overflows',
      withTensor(['w', 3, 2n ** 32n, 2n ** 32n, 1n, 0, 0n]),
      'tensor "w": the shape [1,4294967296,4294967296] is larger than any file',
    ],
    [
      'a product that comes to nothing',
      withTensor(['w', 3, 0n, 2n ** 40n, 2n ** 40n, 0, 0n]),
      'tensor "w": the shape [1099511627776,1099511627776,0] is larger than any file',
    ],
    ['an unknown tensor type', withTensor(['w', 1, 8n, 4, 0n]), 'tensor "w" is of ggml\'s type 4,'],
    [
      'a type not read',
      withTensor(['w', 1, 8n, 10, 0n]),
      'not read; those read are F32 (0), F16 (1)',
    ],
    [
      'rows that are no blocks',
      withTensor(['w', 2, 16n, 2n, 8, 0n]),
      'tensor "w" has rows of 16 elements; Q8_0 takes multiples of 32',
    ],
    [
      'no dimensions in blocks',
      withTensor(['w', 0, 8, 0n]),
      'tensor "w" has rows of 1 elements; Q8_0 takes multiples of 32',
    ],
    [
      'a crooked offset',
      withTensor(['w', 1, 8n, 0, 8n], 64),
      'tensor "w": offset 8 is no multiple of the alignment 32',
    ],
    [
      'an absurd offset',
      withTensor(['w', 1, 8n, 0, HUGE]),
      'tensor "w": offset is 46116860184273879',
    ],
    [
      'an offset past the end',
      withTensor(['w', 1, 8n, 0, 2n ** 40n]),
      'tensor "w": bytes 1099511627840 to 1099511627872 lie outside the file of 96',
    ],
    [
      'data cut short',
      withTensor(['w', 1, 8n, 0, 0n], 31),
      'tensor "w": bytes 64 to 96 lie outside',
    ],
    ['overlap', withOffsets(0n, 0n), 'tensor "b": bytes 96 to 128 overlap those of "a"'],
    [
      'overlap in disorder',
      withOffsets(32n, 0n, ['a', 'b'], 9n),
      'bytes 128 to 160 overlap those of "b"',
    ],
  ])('%s', async (_, bytes, message) => {
    const opening = openGguf(bytesSource(bytes), 'bad.gguf')
    await expect(opening).rejects.toThrow('bad.gguf: ')
    await expect(opening).rejects.toThrow(message)
    await expect(opening).rejects.toHaveProperty('name', 'UserError')
  })
})

it('takes offsets in any order, with holes between', async () => {
  const file = await openGguf(bytesSource(withOffsets(64n, 0n)))
  const offsets = [...file.tensors].map(([name, { offset }]) => [name, offset])
  expect(offsets).toEqual([
    ['a', 96 + 64],
    ['b', 96],
  ])
})

it('takes tensors without elements, and one of no dimensions', async () => {
  const data = new Uint8Array(Float32Array.of(2.5).buffer)
  const fields = ['none', 2, 0n, 7n, 0, 0n, 'one', 0, 0, 0n]
  const file = await openGguf(
    bytesSource(ggufFile(MAGIC, 3, 2n, 0n, ...fields, { align: 32 }, data)),
  )
  expect(file.tensors.get('none')).toMatchObject({ shape: [7, 0], length: 0 })
  expect(await file.readFloat32('none')).toEqual(new Float32Array(0))
  expect(await file.readFloat32('one')).toEqual(Float32Array.of(2.5))
})

it('does not read more of a file of a terabyte than its header may take', async () => {
  const start = withValue(9, 0, 2n ** 39n)
  let read = 0
  const source = {
    size: 2 ** 40,
    read: async (offset: number, length: number) => {
      read += length
      const bytes = new Uint8Array(length)
      if (offset === 0) bytes.set(start)
      return bytes
    },
  }
  await expect(openGguf(source)).rejects.toThrow(
    'metadata "k": the header is longer than 134217728',
  )
  expect(read).toBeLessThan(2 ** 22)
})
