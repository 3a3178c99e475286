/**
 * Chatwright in a page or a worker: models are trained, run and talked to in memory. Nothing here
 * reaches a Node built-in; files, folders and the command line are in `chatwright`.
 *
 * @example
 * const engine = await openEngine()
 * const trainer = await Trainer.create({ engine, model, batch: 8, length: 32, seed: 1, ... })
 * await trainer.next(batch, 1e-3)
 *
 * @packageDocumentation
 */

export * from './api.ts'
export { openEngine, type PageEngineOptions } from './runtime/web/open.ts'
