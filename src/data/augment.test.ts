import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../random.ts'
import { augmentText, deletion, inTurn, replacement, rotation, splitUnits } from './augment.ts'

const items = fc.array(fc.nat(9))
const numbers = Array.from({ length: 10_000 }, (_, i) => i)

describe('deletion', () => {
  it('keeps the order, and the share of items that it should', () => {
    const kept = deletion({ rate: 0.3 })(numbers, new Random(1))
    expect(kept).toEqual(kept.toSorted((a, b) => a - b))
    // 5 deviations of sqrt(10000 * 0.3 * 0.7) = 46.
    expect(Math.abs(kept.length - 7000)).toBeLessThan(230)
  })

  it('never leaves nothing of something', () => {
    expect(deletion({ rate: 1 })([4, 5], new Random(1))).toEqual([4])
    expect(deletion({ rate: 1 })([], new Random(1))).toEqual([])
    expect(deletion({ rate: 0 })([4, 5], new Random(1))).toEqual([4, 5])
  })
})

describe('replacement', () => {
  it('replaces the share that it should, evenly, and keeps the rest in place', () => {
    const varied = replacement({ rate: 0.2, from: [-1, -2] })(numbers, new Random(2))
    const replaced = varied.filter((item) => item < 0)
    expect(Math.abs(replaced.length - 2000)).toBeLessThan(200)
    const ones = replaced.filter((item) => item === -1).length
    expect(Math.abs(ones / replaced.length - 0.5)).toBeLessThan(0.06)
    varied.forEach((item, i) => {
      if (item >= 0) expect(item).toBe(i)
    })
  })

  it('has nothing to put where there is nothing to draw from', () => {
    expect(replacement<number>({ rate: 1, from: [] })([1, 2], new Random(1))).toEqual([1, 2])
  })
})

describe('rotation', () => {
  it('begins at any place, evenly', () => {
    const random = new Random(3)
    const counts = new Map<string, number>()
    for (let i = 0; i < 3000; i++) {
      const rotated = rotation()(['a', 'b', 'c'], random).join('')
      counts.set(rotated, (counts.get(rotated) ?? 0) + 1)
    }
    expect([...counts.keys()].sort()).toEqual(['abc', 'bca', 'cab'])
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130)
    expect(rotation()([], random)).toEqual([])
  })
})

it('is repeated exactly by the same seed, and leaves its input alone', () => {
  const augment = inTurn<number>(
    rotation(),
    deletion({ rate: 0.5 }),
    replacement({ rate: 0.5, from: [7, 8] }),
  )
  fc.assert(
    fc.property(items, fc.nat(), (list, seed) => {
      const before = [...list]
      const once = augment(list, new Random(seed))
      expect(augment(list, new Random(seed))).toEqual(once)
      expect(list).toEqual(before)
    }),
  )
})

describe('splitUnits', () => {
  it('gives words of English and Chinese with what follows them', () => {
    expect(splitUnits('"The cat, sat."', 'word')).toEqual(['"', 'The ', 'cat, ', 'sat."'])
    expect(splitUnits('我们喜欢学习。你好', 'word')).toEqual(['我们', '喜欢', '学习。', '你好'])
    expect(splitUnits('鲸e\u0301👩‍👩‍👧!', 'character')).toEqual(['鲸', 'e\u0301', '👩‍👩‍👧', '!'])
  })

  it('loses nothing', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('word', 'character'),
        (text, unit) => {
          expect(splitUnits(text, unit).join('')).toBe(text)
        },
      ),
    )
  })
})

it('varies texts by words or by characters', () => {
  const random = () => new Random(5)
  const rotated = ['one two three', 'two three one', 'three one two']
  expect(rotated).toContain(augmentText('one two three ', 'word', rotation(), random()).trim())
  expect(augmentText('我们', 'character', replacement({ rate: 1, from: ['x'] }), random())).toBe(
    'xx',
  )
})
