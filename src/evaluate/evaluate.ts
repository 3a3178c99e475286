import { z } from 'zod'
import { readAdapterFolder } from '../checkpoint/adapter-folder.ts'
import { loadParameters, readDecoderFolder } from '../checkpoint/model-folder.ts'
import { withAdapters } from '../checkpoint/with-adapters.ts'
import { evaluationBatches, measuredBytes } from '../data/readers/evaluation-batches.ts'
import { openCorpus } from '../data/sources/corpus.ts'
import { tellData } from '../data/sources/describe-event.ts'
import { documentSeparator, readingOptions } from '../data/sources/reading-options.ts'
import { encodeToMemory } from '../data/token-source.ts'
import { Decoder } from '../models/decoder.ts'
import { countParameters } from '../models/model.ts'
import { nextToken } from '../objectives/language-model.ts'
import { parseOptions } from '../options.ts'
import { peakMemory } from '../runtime/memory.ts'
import { openEngine } from '../runtime/open.ts'
import { engineOptions } from '../runtime/options.ts'
import { type Measurement, measureModel } from './measure-model.ts'

export const evaluateOptions = z.strictObject({
  /** Folder of the model. */
  model: z.string().min(1),
  /** Folders of LoRA adapters that it is measured with. */
  adapter: z.array(z.string().min(1)).default([]),
  /** Files, folders, globs, `-`, `npm:<package>[/path]`. */
  data: z.array(z.string().min(1)).min(1),
  ...engineOptions,
  ...readingOptions,
  documentSeparator,
})

export type EvaluateOptions = z.input<typeof evaluateOptions>

export interface EvaluateResult extends Measurement {
  parameters: number
  seconds: number
  peakRssBytes: number
}

/**
 * Measures a model on text: windows of the training context that do not overlap, every token once.
 * Throws UserError with the option or the file at fault.
 */
export async function evaluate(
  options: EvaluateOptions,
  { signal, onMessage }: { signal?: AbortSignal; onMessage?(text: string): void } = {},
): Promise<EvaluateResult> {
  const started = performance.now()
  const parsed = parseOptions(evaluateOptions, options)
  const base = await readDecoderFolder(parsed.model)
  const adapters = await Promise.all(parsed.adapter.map(readAdapterFolder))
  const folder = withAdapters(base, adapters, { merge: true })
  const corpus = await openCorpus(parsed.data, {
    ...parsed,
    report: tellData((line) => onMessage?.(line)),
    signal,
  })
  const engine = await openEngine(parsed)
  try {
    let bytes = 0
    async function* documents() {
      for await (const piece of corpus.documents()) {
        bytes += Buffer.byteLength(piece.text)
        yield piece
      }
    }
    const tokens = await encodeToMemory(documents(), folder.tokenizer)
    const decoder = new Decoder(folder.config)
    const { context } = folder.config
    const parameters = await loadParameters(engine, decoder, folder)
    const batches = () => evaluationBatches(tokens, { rows: 8, length: context })
    const measured = await measureModel(
      { engine, parameters, objective: nextToken(decoder, context, { measured: true }) },
      { batches, bytes: measuredBytes(tokens, { bytes, tokenizer: folder.tokenizer }) },
      { signal },
    )
    return {
      ...measured,
      parameters: countParameters(decoder),
      seconds: (performance.now() - started) / 1000,
      peakRssBytes: peakMemory(),
    }
  } finally {
    await Promise.all([corpus.close(), engine.dispose()])
  }
}
