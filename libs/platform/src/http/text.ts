/** Whether Postgres stores a text as it is: it knows neither NUL nor half a surrogate pair. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** Whether a text may stand in the head of a mail, where a line break would begin another header. */
export const isOneLine = (text: string): boolean => isStorable(text) && !/[\p{Cc}\u2028\u2029]/u.test(text);
