import { z } from 'zod'

const patterns = z.array(z.string().min(1)).default([])

const access = {
  /** Of an account; default: HF_TOKEN, or else the one that `hf auth login` keeps. */
  token: z.string().optional(),
  /** Address of the Hub; default: HF_ENDPOINT, or https://huggingface.co. */
  endpoint: z.string().optional(),
}

export const pullOptions = z.strictObject({
  /**
   * Files to fetch instead of those that a model folder needs, as `*.gguf` or `adapter_*`; as in
   * Hugging Face's own tools `*` also stands for `/`.
   */
  include: patterns,
  /** Files to leave out. */
  exclude: patterns,
  ...access,
  /** Use only what is kept, without any request; default: whether HF_HUB_OFFLINE is set. */
  offline: z.boolean().optional(),
  /** Default: HF_HUB_CACHE, or else HF_HOME/hub, or else ~/.cache/huggingface/hub. */
  cacheDir: z.string().min(1).optional(),
})

export const pushOptions = z.strictObject({
  /** Makes the repository visible to its owner alone; one that is there stays as it is. */
  private: z.boolean().default(false),
  /** Of the commit. */
  message: z.string().min(1).default('Upload a model with Chatwright'),
  ...access,
})

interface Abortable {
  /** Ends the transfer; what was downloaded is kept, and the next goes on from there. */
  signal?: AbortSignal
}

export type PullOptions = z.input<typeof pullOptions> & Abortable
export type PushOptions = z.input<typeof pushOptions> & Abortable

/** How far a transfer has come, in bytes of all its files. */
export interface TransferProgress {
  /** The file that is under way. */
  file: string
  done: number
  total: number
}

export interface TransferEvents {
  onProgress?(progress: TransferProgress): void
  /** A line for the user. */
  onMessage?(text: string): void
}
