/** What the page's model learns, and is asked then: each letter has one successor. */
export const lesson = { text: 'blacksmith '.repeat(20), prompt: 'black', steps: 20 }
