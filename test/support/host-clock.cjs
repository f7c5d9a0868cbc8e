// Loaded before the service by `node --require`: a host whose clock is wrong by TEST_CLOCK_SHIFT_MS, or by the milliseconds in
// TEST_CLOCK_FILE, which may change at any time. The monotonic clock goes on as it should.
const { readFileSync } = require('node:fs');

const LOOK_EVERY_MS = 20;
const RightDate = Date;
let shiftMs = Number(process.env.TEST_CLOCK_SHIFT_MS ?? 0);

function look() {
  shiftMs = Number(readFileSync(process.env.TEST_CLOCK_FILE, 'utf8'));
}

if (process.env.TEST_CLOCK_FILE !== undefined) {
  look();
  setInterval(look, LOOK_EVERY_MS).unref();
}

globalThis.Date = class Date extends RightDate {
  constructor(...given) {
    if (given.length === 0) super(RightDate.now() + shiftMs);
    else super(...given);
  }

  static now() {
    return RightDate.now() + shiftMs;
  }
};
