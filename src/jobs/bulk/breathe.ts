import { setImmediate } from 'node:timers/promises';

const ITEMS = 50;

/** After every fiftieth item of a long row the process looks what else it has to do: calls and slots are due meanwhile. */
export async function breathe(index: number): Promise<void> {
  if (index % ITEMS === ITEMS - 1) await setImmediate();
}
