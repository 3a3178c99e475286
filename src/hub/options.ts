import { z } from 'zod'

const patterns = z.array(z.string().min(1)).default([])

const access = {
  /** Access token; default: HF_TOKEN, or the one saved by `hf auth login`. */
  token: z.string().optional(),
  /** Address of the Hub; default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint: z.string().optional(),
}

export const pullOptions = z.strictObject({
  /**
   * Patterns of files to fetch instead of those that a model needs, such as `*.gguf`. As in Hugging
   * Face's own tools, `*` also matches `/`.
   */
  include: patterns,
  /** Patterns of files to leave out. */
  exclude: patterns,
  ...access,
  /** Uses the cache alone, without any request; default: whether HF_HUB_OFFLINE is set. */
  offline: z.boolean().optional(),
  /** Default: HF_HUB_CACHE, HF_HOME/hub, or ~/.cache/huggingface/hub. */
  cacheDir: z.string().min(1).optional(),
})

export const pushOptions = z.strictObject({
  /** Makes a new repository private; an existing one keeps its visibility. */
  private: z.boolean().default(false),
  /** Commit message. */
  message: z.string().min(1).default('Upload a model with Chatwright'),
  ...access,
})

interface Abortable {
  /** Ends the transfer; the next one resumes from what was downloaded. */
  signal?: AbortSignal
}

export type PullOptions = z.input<typeof pullOptions> & Abortable
export type PushOptions = z.input<typeof pushOptions> & Abortable

/** Progress of a transfer, in bytes of all its files. */
export interface TransferProgress {
  /** The file being transferred. */
  file: string
  done: number
  total: number
}

export interface TransferEvents {
  onProgress?(progress: TransferProgress): void
  /** A line for the user. */
  onMessage?(text: string): void
}
