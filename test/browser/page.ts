import { openEngine } from '../../src/web.ts'
import { learn } from './example.ts'
import { lesson } from './lesson.ts'

const wanted = new URLSearchParams(location.search).get('engine') ?? 'auto'
const engine = await openEngine({ engine: wanted as 'wasm' | 'webgpu' | 'auto', threads: 2 })
const losses: number[] = []
const show = (text: string) => document.querySelector('pre')?.append(`${text}\n`)
show(engine.reason)
const onLoss = (loss: number) => {
  losses.push(loss)
  show(loss.toFixed(4))
}
const text = await learn(engine, lesson.text, { ...lesson, onLoss })
show(lesson.prompt + text)
document.body.dataset.result = JSON.stringify({ reason: engine.reason, losses, text })
