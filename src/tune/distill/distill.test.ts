import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { useTeachers } from '../../../test/tiny-distillation.ts'

const { path, learn, teach, compareKept, compareResumed, configOf, size, reviews } = useTeachers([
  'classifier',
  'other',
  'writer',
])

describe('the outputs of a teacher', () => {
  test('teach the same, kept in full or live', async () => {
    await compareKept('classifier', {})
    expect(await readdir(path('classifier-kept/teacher'))).toContain('outputs.bin')
    expect(await readdir(path('classifier-live'))).not.toContain('teacher')
    const files = await readdir(path('classifier-kept'))
    expect(files.filter((file) => file.endsWith('.safetensors'))).toEqual(['model.safetensors'])
  })

  test('follow the rows of several sources that are mixed', async () => {
    const data = [path('classifier.jsonl'), path('other.jsonl')]
    await compareKept('other', { data, weights: [1, 2] })
  })

  test('are live where rows are varied, as the student reads them', async () => {
    const { metrics } = await teach('varied', { augment: { deletion: 0.5 } })
    const plain = await teach('plain', {})
    expect(await readdir(path('varied'))).not.toContain('teacher')
    expect(metrics[0]?.teacherLoss).not.toBeCloseTo(plain.metrics[0]?.teacherLoss as number, 3)
    await expect(teach('refused', { augment: { swap: 0.1 }, outputs: 'kept' })).rejects.toThrow(
      '--outputs kept is for rows that come back as they were',
    )
  })

  test('of text are live, or kept for fixed windows; few classes say nearly as much', async () => {
    const live = await teach('text-live', { from: 'writer' })
    expect(await readdir(path('text-live'))).not.toContain('teacher')
    const kept = await teach('text-kept', { from: 'writer', outputs: 'kept', topK: 2 })
    expect(kept.messages).toContainEqual(expect.stringMatching(/the 2 likeliest of \d+ classes/))
    expect(kept.metrics[0]?.teacherLoss).toBeGreaterThan(0)
    expect(kept.metrics[0]?.teacherLoss).toBeLessThan(2 * (live.metrics[0]?.teacherLoss as number))
  })

  test('of several teachers are averaged', async () => {
    const teachers = ['classifier', 'other']
    const kept = await teach('both-kept', { teacher: teachers.map(path) })
    const live = await teach('both-live', { teacher: teachers.map(path), outputs: 'live' })
    const one = await teach('one', {})
    expect(kept.metrics[0]?.loss).toBeCloseTo(live.metrics[0]?.loss as number, 4)
    expect(kept.metrics[0]?.loss).not.toBeCloseTo(one.metrics[0]?.loss as number, 4)
  })
})

test('texts that a teacher adds are learned, and none is validated on', async () => {
  await teach('added', { from: 'writer', generate: 12, val: 0.2, steps: 1 })
  const { parts, sources, added } = JSON.parse(
    await readFile(path('added/data/dataset.json'), 'utf8'),
  )
  expect([sources.length, added]).toEqual([2, 1])
  expect(parts.train.documents).toBe(13)
  // A fifth of the 1,400 characters of the data.
  expect(parts.validation).toMatchObject({ documents: 1, characters: 280 })
})

test('a distillation that is resumed ends as one that was not', () => compareResumed('kept', {}))

test('a resumed run refuses another teacher, and outputs that changed', async () => {
  await teach('again', { steps: 2 })
  await expect(teach('again', { steps: 4, resume: true, temperature: 3 })).rejects.toThrow(
    /--temperature: 2 before, 3 now/,
  )
  await cp(path('classifier'), path('moved'), { recursive: true })
  await cp(path('other/model.safetensors'), path('moved/model.safetensors'))
  await teach('changed', { teacher: [path('moved')], steps: 2 })
  await cp(path('classifier/model.safetensors'), path('moved/model.safetensors'))
  await expect(
    teach('changed', { teacher: [path('moved')], steps: 4, resume: true }),
  ).rejects.toThrow(/teacher.*changed/)
  const file = path('again/teacher/outputs.bin')
  const bytes = await readFile(file)
  bytes[9] = (bytes[9] as number) ^ 1
  await writeFile(file, bytes)
  await expect(teach('again', { steps: 4, resume: true })).rejects.toThrow(
    /teacher is damaged: outputs\.bin has other bytes/,
  )
  await writeFile(path('again/teacher/outputs.json'), '{"identity"')
  await expect(teach('again', { steps: 4, resume: true })).rejects.toThrow(
    /^.*outputs\.json is not JSON/,
  )
})

test('what cannot be taught is refused before work', async () => {
  const refused = (options: Parameters<typeof teach>[1], message: string | RegExp) =>
    expect(teach('refused', options)).rejects.toThrow(message)
  await learn('foreign', reviews, {
    ...size,
    steps: 1,
    task: 'classify',
    tokenizer: 'bpe',
    vocab: 300,
  })
  await learn(
    'three',
    [...reviews, { text: 'it is so so', label: '中' }, { text: 'it is', label: '中' }],
    { ...size, steps: 1, task: 'classify', tokenizer: path('classifier') },
  )
  await refused(
    { student: path('foreign') },
    /the student .*foreign has another tokenizer than the teacher .*takes the tokenizer of its/,
  )
  await refused({ student: path('three') }, /chooses among .*中.*give models with the same labels/)
  await refused(
    { teacher: [path('classifier'), path('three')] },
    /the teacher .*three chooses among/,
  )
  await refused({ layers: undefined }, 'the student is not named')
  await refused({ student: path('other'), dim: 16 }, '--dim changes nothing')
  await refused({ labelWeight: 1 }, '--label-weight 1 learns nothing from the teacher')
  await refused({ layerMap: ['1:2'] }, '--layer-map changes nothing: --hidden-weight is 0')
  await refused({ outputs: 'live', topK: 5 }, '--top-k changes nothing: outputs that are')
  await refused({ weights: [1, 0] }, 'weights.1: expected a number greater than 0')
  await refused({ context: 17 }, /rows of 17 tokens, and the teacher .*takes 16; give --context 16/)
  await learn('longer', reviews, {
    ...size,
    context: 24,
    steps: 1,
    task: 'classify',
    tokenizer: path('classifier'),
  })
  await refused(
    { student: path('longer') },
    /student .*longer is to learn from rows of 24 tokens, and .*classifier takes 16/,
  )
  await refused({ hiddenWeight: 1, outputs: 'kept' }, '--outputs kept keeps what a teacher says')
  await refused({ from: 'writer', task: 'mlm' }, 'the model is for the task lm, not for mlm')
  await refused(
    { teacher: [path('classifier'), path('other')], hiddenWeight: 1 },
    '--hidden-weight compares layers with those of one teacher',
  )
  await refused(
    { documents: 'whole' },
    '--documents does not apply to the task classify, only to lm',
  )
  expect(await readdir(path(''))).not.toContain('refused')
})

test('a student of the same tokenizer is trained further', async () => {
  const { metrics } = await teach('further', { student: path('other'), labelWeight: 0 })
  const fresh = await teach('not-further', { labelWeight: 0 })
  expect(metrics[0]?.teacherLoss).toBeLessThan(fresh.metrics[0]?.teacherLoss as number)
  expect(await configOf('further')).toMatchObject({ layers: 2, head: { labels: ['good', '差'] } })
})
