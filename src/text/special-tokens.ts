/** The special tokens of ChatML: what begins and what ends a message. */
export const CHAT_TOKENS: readonly string[] = ['<|im_start|>', '<|im_end|>']

/** The special tokens of a new tokenizer: documents are parted by the first, chats use ChatML's two. */
export const defaultSpecialTokens: readonly string[] = ['<|endoftext|>', ...CHAT_TOKENS]
