/** Why the text is not JSON; nothing is wrong with none. */
export function jsonProblem(text: string): string | null {
  if (text.trim() === '') return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `Not JSON: ${(error as Error).message}`;
  }
}
