import { Gathering } from '../../../src/queue/gathering.js';

describe('Gathering', () => {
  const open: (() => void)[] = [];
  let groups: number[][] = [];
  const gathering = () =>
    new Gathering<number>(async (items) => {
      groups.push([...items]);
      if (items.includes(13)) throw new Error('refused');
      await new Promise<void>((resolve) => open.push(resolve));
    });
  const finishNext = async () => {
    open.shift()?.();
    await new Promise(setImmediate);
  };

  beforeEach(() => {
    open.length = 0;
    groups = [];
  });

  test('the first begins at once, what comes meanwhile goes together', async () => {
    const together = gathering();
    const first = together.add([1, 2]);
    const others = [together.add([3]), together.add([4, 5])];
    expect(groups).toEqual([[1, 2]]);
    await finishNext();
    await first;
    expect(groups).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    await finishNext();
    await Promise.all(others);
    void together.add([6]);
    expect(groups).toEqual([[1, 2], [3, 4, 5], [6]]);
  });

  test('a call that fails fails for those whose items it had, and the next goes on', async () => {
    const together = gathering();
    const first = together.add([1]);
    const refused = [together.add([13]), together.add([2])];
    const checked = Promise.all(refused.map((one) => expect(one).rejects.toThrow('refused')));
    await finishNext();
    await first;
    await checked;
    const next = together.add([3]);
    await finishNext();
    await next;
    expect(groups.at(-1)).toEqual([3]);
  });
});
