/** First key of every worker's advisory lock ("tocs" in ASCII); the second is the worker's id. */
export const livenessClass = 0x746f6373;
