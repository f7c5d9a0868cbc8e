/** What happens next comes first; of what happens at one instant, what was put in first. */
export class EventQueue {
  #heap = [];
  #number = 0;

  push(at, act) {
    const heap = this.#heap;
    const event = { at, act, number: this.#number++ };
    let n = heap.length;
    heap.push(event);
    while (n > 0) {
      const parent = (n - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[n] = heap[parent];
      n = parent;
    }
    heap[n] = event;
  }

  pop() {
    const heap = this.#heap;
    const first = heap[0] ?? null;
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    let n = 0;
    for (;;) {
      let child = 2 * n + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child += 1;
      if (!isBefore(heap[child], last)) break;
      heap[n] = heap[child];
      n = child;
    }
    heap[n] = last;
    return first;
  }
}

function isBefore(a, b) {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
