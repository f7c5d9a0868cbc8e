import cronstrue from 'cronstrue';

export function describeCron(expression: string): string {
  return cronstrue.toString(expression, { use24HourTimeFormat: true });
}
