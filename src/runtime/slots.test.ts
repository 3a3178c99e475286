import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

/** Work that ends when told to. */
function job() {
  let end = () => {}
  const done = new Promise<void>((resolve) => {
    end = resolve
  })
  return { work: () => done, end }
}

const settle = () => new Promise((resolve) => setTimeout(resolve))

test('so many at once, the others in the order they came', async () => {
  const slots = new Slots(2)
  const jobs = [job(), job(), job(), job()]
  const events: string[] = []
  const all = jobs.map(({ work }, i) =>
    slots.use(() => {
      events.push(`start ${i}`)
      return work()
    }),
  )
  expect(events).toEqual(['start 0', 'start 1'])
  jobs[1]?.end()
  await settle()
  expect(events).toEqual(['start 0', 'start 1', 'start 2'])
  for (const { end } of jobs) end()
  await Promise.all(all)
  expect(events[3]).toBe('start 3')
})

test('one that fails makes place, and passes its error on', async () => {
  const slots = new Slots(1)
  const error = new Error('no')
  await expect(slots.use(() => Promise.reject(error))).rejects.toBe(error)
  expect(await slots.use(async () => 7)).toBe(7)
})

test('one that is aborted while it waits never starts', async () => {
  const slots = new Slots(1)
  const first = job()
  const running = slots.use(first.work)
  const controller = new AbortController()
  let started = false
  const waiting = slots.use(async () => {
    started = true
  }, controller.signal)
  const last = slots.use(async () => 'last')
  controller.abort('changed my mind')
  await expect(waiting).rejects.toBe('changed my mind')
  first.end()
  await running
  expect(await last).toBe('last')
  expect(started).toBe(false)
})

test('draining waits for all that is under way', async () => {
  const slots = new Slots(2)
  const jobs = [job(), job(), job()]
  const all = jobs.map(({ work }) => slots.use(work))
  let drained = false
  const draining = slots.drain().then(() => {
    drained = true
  })
  jobs[0]?.end()
  jobs[1]?.end()
  await settle()
  expect(drained).toBe(false)
  jobs[2]?.end()
  await Promise.all([...all, draining])
  expect(await slots.use(async () => 'still usable')).toBe('still usable')
})
